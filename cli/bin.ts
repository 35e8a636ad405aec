import { main } from './main.js';

// Open gRPC channels and S3 sockets must not keep a finished command alive; stdout is flushed first.
const exitCode = await main(process.argv);
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
