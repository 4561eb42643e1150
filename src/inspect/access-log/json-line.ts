import type { AccessRecord } from '../../server/types.ts'
import { printableJson } from '../../core/util/sanitize.ts'

/**
 * One record as one line of JSON. The keys and their order are stable: `time` (RFC 3339 in UTC),
 * `address`, `method`, `target`, `version`, `host`, `status`, `bytes`, `ms`, `aborted`, `referer`,
 * `userAgent`, `user`, `refusal`, `remark`, `route`, `upstream`, `reason`, `site`, `listener`. An absent text is empty.
 */
export function jsonLine(record: AccessRecord): string {
  return printableJson({
    time: new Date(record.time).toJSON(),
    address: record.address,
    method: record.method,
    target: record.target,
    version: record.version,
    host: record.host,
    status: record.status,
    bytes: record.bytes,
    ms: record.ms,
    aborted: record.aborted,
    referer: record.referer,
    userAgent: record.userAgent,
    user: record.user,
    refusal: record.refusal,
    remark: record.remark,
    route: record.route,
    upstream: record.upstream,
    reason: record.reason,
    site: record.site,
    listener: record.listener,
  })
}
