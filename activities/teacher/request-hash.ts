import { createHash } from 'node:crypto';
import { TeacherRequest } from '../../contracts/teacher.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';

/** The identity of a request in the ledger: sha256 of its canonical JSON. Images count by digest. */
export function teacherRequestHash(request: TeacherRequest): string {
  return createHash('sha256')
    .update(canonicalJson(TeacherRequest.parse(request)))
    .digest('hex');
}
