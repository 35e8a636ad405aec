import { main } from './main.js';

// Whoever reads us may stop reading (`judo runs | head -1`): that ends us quietly, as it ends any command in a pipe.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });

// Open gRPC channels and S3 sockets must not keep a finished command alive; stdout is flushed first.
const exitCode = await main(process.argv);
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
