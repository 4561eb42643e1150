/** What is on the ports of this machine: who holds them, what answers there, who can reach it, and whether it is safe. */
export { testLoopback, testPorts, type LoopbackTest } from '../net/net.ts'
export { identify } from './identify/identify.ts'
export type { IdentifyOptions, Target } from './identify/identify.ts'
export { openPorts, portOwners, processInfo } from './processes/processes.ts'
export type { Finding, Identity, OpenPort, PortOwner, ProcessInfo, Reach, ScannedPort } from './types.ts'
export { verifyServer } from './verify/verify.ts'
export type {
  CheckCode,
  CheckVerdict,
  RelayAttempt,
  RelayResult,
  VerifyCheck,
  VerifyOptions,
  VerifyResult,
} from './verify/types.ts'
