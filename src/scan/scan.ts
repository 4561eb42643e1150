/** What is on the ports of this machine: who holds them, what answers there, who can reach it, and whether it is safe. */
export { testLoopback, testPorts, type LoopbackTest } from '../net/net.ts'
export { identify } from './identify/identify.ts'
export type { Target } from './identify/identify.ts'
export { openPorts, portOwners, processInfo } from './processes/processes.ts'
export { scanPorts, type IdlePort, type ScanResult } from './scan-ports.ts'
export type { Finding, PortOwner, ProcessInfo, Reach, ScannedPort } from './types.ts'
export { verifyServer } from './verify/verify.ts'
export type { CheckCode, VerifyCheck, VerifyOptions, VerifyResult } from './verify/types.ts'
