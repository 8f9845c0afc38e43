import NIOCore
import NIOHTTP1
import NIOPosix
import Reflink

/// Clones a golden image for whoever asks: `POST /images/NAME` makes DIRECTORY/NAME and answers with
/// lines of progress, the last of which tells what came of it. A client that goes away takes its clone
/// along; the image is complete, or not there.
///
///     ImageService GOLDEN DIRECTORY PORT
@main struct ImageService {
  typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
  typealias Writer = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

  let golden: FilePath
  let directory: FilePath

  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let port = Int(arguments[3]) else {
      say("usage: ImageService GOLDEN DIRECTORY PORT")
      return
    }
    let service = ImageService(
      golden: FilePath(arguments[1]), directory: FilePath(arguments[2]))
    // What an earlier run of this service left when it was killed.
    for path in try await removeLeftovers(in: service.directory) { say("removed \(path)") }
    try await service.run(port)
  }

  /// At once, also where standard output is a file.
  static func say(_ text: String) {
    _ = try? FileDescriptor.standardOutput.writeAll("\(text)\n".utf8)
  }

  func run(_ port: Int) async throws {
    let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .bind(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          return try Connection(wrappingChannelSynchronously: channel)
        }
      }
    Self.say("listening on port \(port)")
    try await withThrowingDiscardingTaskGroup { group in
      try await server.executeThenClose { connections in
        for try await connection in connections {
          group.addTask {
            // A client that goes away is no error of the service's.
            try? await connection.executeThenClose { await serve($0, $1) }
          }
        }
      }
    }
  }

  /// One request, until it is answered or its client goes away, whichever is first.
  func serve(
    _ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>, _ outbound: Writer
  ) async {
    let (requests, continuation) = AsyncStream<HTTPRequestHead>.makeStream()
    await withTaskGroup { group in
      group.addTask {
        do {
          for try await part in inbound {
            if case .head(let head) = part { continuation.yield(head) }
          }
        } catch {}
        continuation.finish()
      }
      group.addTask {
        for await head in requests {
          try? await answer(head, outbound)
          break
        }
      }
      await group.next()
      group.cancelAll()
    }
  }

  func answer(_ head: HTTPRequestHead, _ outbound: Writer) async throws {
    let prefix = "/images/"
    let name = head.uri.dropFirst(prefix.count)
    guard head.method == .POST, head.uri.hasPrefix(prefix), !name.isEmpty, !name.contains("/"),
      !name.hasPrefix(".")
    else { return try await respond(.notFound, "POST \(prefix)NAME\n", outbound) }

    let cloning = startCloningFile(golden, to: directory.appending(String(name)))
    do throws(ReflinkError) {
      // Refused at once, or it is being cloned.
      _ = try await cloning.started
    } catch {
      let status: HTTPResponseStatus = error.code == .exists ? .conflict : .internalServerError
      return try await respond(status, "\(error)\n", outbound)
    }
    try await begin(.ok, outbound)
    for await progress in cloning.progress {
      let percent = Int((progress.fraction ?? 0) * 100)
      try await write("\(percent) %\n", outbound)
    }
    do throws(ReflinkError) {
      // Where the client has gone, this task is cancelled, and the clone with it.
      let outcome = try await cloning.outcome
      try? await write("\(name): \(outcome)\n", outbound)
    } catch {
      try? await write("failed: \(error)\n", outbound)
    }
    try await outbound.write(.end(nil))
  }

  func respond(_ status: HTTPResponseStatus, _ text: String, _ outbound: Writer) async throws {
    try await begin(status, outbound)
    try await write(text, outbound)
    try await outbound.write(.end(nil))
  }

  func begin(_ status: HTTPResponseStatus, _ outbound: Writer) async throws {
    let headers: HTTPHeaders = ["content-type": "text/plain", "connection": "close"]
    try await outbound.write(
      .head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
  }

  func write(_ text: String, _ outbound: Writer) async throws {
    try await outbound.write(.body(.byteBuffer(ByteBuffer(string: text))))
  }
}
