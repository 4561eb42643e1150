import { resolve } from 'node:path'
import { defaults } from '../options/defaults.ts'
import { quote, type Problem } from '../diagnostic.ts'
import { resolvePorts } from './address.ts'
import type { ResolvedConfig, CheckedOptions, CertificateFiles, ResolvedCertificate, Checked } from '../types.ts'

const fileKeys = ['cert', 'key', 'ca', 'pfx'] as const

/** Checks and completes what is said about HTTPS. `tls: false` beats what would imply it. */
export function resolveTls(
  options: CheckedOptions,
  plainPorts: readonly number[],
  cwd: string,
  problems: Problem[],
): Pick<ResolvedConfig, 'tls' | 'redirect'> {
  const { tls = isImplied(options), tlsPort, redirect = false, certificates = [] } = options
  const own = [...ownCertificate(options, cwd, problems), ...certificates.flatMap(listedCertificate)]
  // The system's choice for one is the system's choice for both, unless the other is named.
  const ladder = [defaults.tlsPort]
    .flat()
    .map(Number)
    .filter((each) => !plainPorts.includes(each))
  const usual = plainPorts.length === 1 && plainPorts[0] === 0 ? 0 : ladder
  const ports = resolvePorts('tlsPort', tlsPort ?? usual, problems)
  const [port] = ports
  if (tls !== false && ports.length === 1 && plainPorts.length === 1 && port === plainPorts[0] && port !== 0) {
    problems.push({
      path: ['tlsPort'],
      fault: `${port} is the port for plain HTTP`,
      fix: 'use another one; plain requests are redirected on the port for HTTPS too',
    })
  }
  if (tls === false) return { tls: undefined, redirect: undefined }
  return {
    tls: {
      only: tls === 'only',
      ports,
      fallback: ports.length > 1 && !(options.strictPort ?? defaults.strictPort),
      certificates: own,
    },
    redirect: tls === 'only' || redirect === true ? 'always' : redirect === 'asked' ? 'asked' : undefined,
  }

  function listedCertificate(files: Checked<CertificateFiles>, index: number): ResolvedCertificate[] {
    return checkedCertificate(files, ['certificates', String(index)], cwd, problems)
  }
}

function isImplied({ tlsPort, cert, pfx, certificates = [], redirect = false }: CheckedOptions): boolean {
  return [tlsPort, cert, pfx].some((value) => value !== undefined) || certificates.length > 0 || redirect !== false
}

function ownCertificate(options: CheckedOptions, cwd: string, problems: Problem[]): ResolvedCertificate[] {
  const isNamed = [...fileKeys, 'passphrase' as const].some((key) => options[key] !== undefined)
  return isNamed ? checkedCertificate(options, [], cwd, problems) : []
}

/** Refuses content in place of a path: paths are shown in messages, where a private key must not stand. */
export function refusePem(text: string | undefined, path: readonly string[], problems: Problem[]): void {
  if (text?.includes('-----BEGIN ') !== true) return
  const fix = 'write it to a file, and use its path'
  problems.push({ path, fault: 'the value is PEM itself, not the path of a file', fix })
}

/** Whether the files fit together is seen when they are read. */
function checkedCertificate(
  files: Checked<CertificateFiles>,
  path: readonly string[],
  cwd: string,
  problems: Problem[],
): ResolvedCertificate[] {
  const problem = (key: string, fault: string, fix: string): void => {
    problems.push({ path: [...path, key], fault, fix })
  }
  const { cert, key, pfx, passphrase } = files
  if (cert !== undefined && pfx !== undefined) problem('pfx', 'cannot be combined with "cert"', 'keep one of them')
  else if (key !== undefined && pfx !== undefined) problem('pfx', 'cannot be combined with "key"', 'keep one of them')
  else if (cert === undefined && pfx === undefined) {
    const named = [...fileKeys, 'passphrase' as const].find((each) => files[each] !== undefined) ?? 'cert'
    problem(named, 'the certificate is missing', 'add cert with key, or pfx')
  }
  for (const each of fileKeys) {
    const text = files[each]
    if (text === '' || text?.includes('\0')) problem(each, `${quote(text)} is not a file`, 'use the path of a file')
    refusePem(text, [...path, each], problems)
  }
  const absolute = fileKeys.flatMap((each) => {
    const text = files[each]
    return text === undefined ? [] : [[each, resolve(cwd, text)] as const]
  })
  return [{ ...Object.fromEntries(absolute), ...(passphrase === undefined ? {} : { passphrase }) }]
}
