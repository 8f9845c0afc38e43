#if REFLINK_THREAD_SANITIZER
  import Reflink

  /// As in the library under test.
  typealias Mutex<Value: ~Copyable> = SanitizedMutex<Value>
#endif
