import { connect } from 'node:http2';

/** gRPC's standard health check by hand, so that the supervisor needs no Temporal package: true when the service serves. */
export function grpcIsServing(address: string, service: string, timeoutMs = 2000): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connect(`http://${address}`);
    const finish = (serving: boolean): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(serving);
    };
    const timer = setTimeout(() => finish(false), timeoutMs);
    session.on('error', () => finish(false));
    const request = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => finish(false));
    request.on('end', () => finish(isServing(Buffer.concat(chunks))));
    request.end(frame(Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)])));
  });
}

/** A gRPC message: not compressed, length, body. */
function frame(body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** HealthCheckResponse { status: SERVING } is field 1, varint 1. */
function isServing(response: Buffer): boolean {
  return response.subarray(5).equals(Buffer.from([0x08, 0x01]));
}
