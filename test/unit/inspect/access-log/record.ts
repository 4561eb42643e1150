import type { AccessRecord } from '../../../../src/server/types.ts'

/** An access record with the given differences. */
export function record(differences: Partial<AccessRecord> = {}): AccessRecord {
  return {
    time: new Date(2026, 0, 5, 12, 0, 1).getTime(),
    address: '127.0.0.1',
    method: 'GET',
    target: '/',
    version: '1.1',
    host: 'localhost:8008',
    status: 200,
    bytes: 1234,
    ms: 1.2,
    aborted: false,
    referer: '',
    userAgent: '',
    user: '',
    refusal: '',
    remark: '',
    route: '',
    upstream: '',
    reason: '',
    site: '',
    listener: '',
    ...differences,
  }
}
