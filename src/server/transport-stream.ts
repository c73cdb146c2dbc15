import { constants, type ServerHttp2Stream } from 'node:http2';

/** The parts of grpc-js's calls that have no public door. */
interface SurfaceInternals {
  call: { stream: ServerHttp2Stream };
}

/**
 * Reset the HTTP/2 stream below a call, and so free what is on its way to the peer. A status would come behind that, and
 * never be sent. gRPC knows the code that is sent instead as RESOURCE_EXHAUSTED.
 *
 * grpc-js shows the stream to nobody; a test notices when an update moves it.
 */
export function resetStream(surface: unknown): void {
  const { call } = surface as Partial<SurfaceInternals>;
  call?.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
}
