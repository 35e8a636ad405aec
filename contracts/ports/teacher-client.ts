import type { TeacherReply, TeacherRequest } from '../teacher.js';

/**
 * One request over the wire. Throws `StageError`: `Transient` (429, 5xx, time-out; with `retryAfterMs`), `TeacherRefused`
 * for what no retry mends (401, 403, 404, quota), `InvalidSpec` for 400/422. Refusals and cut answers are returned, not thrown.
 */
export interface TeacherClient {
  ask(request: TeacherRequest, images: readonly Buffer[], signal?: AbortSignal): Promise<TeacherReply>;
}
