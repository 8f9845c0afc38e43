exit(withStatus: Command.run())
