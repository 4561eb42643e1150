import { resolve } from 'node:path'
import { defaults, optionTable } from '../options/option-table.ts'
import { quote, type Problem } from '../diagnostic.ts'
import { refusePem } from '../values/paths.ts'
import { resolvePorts } from './address.ts'
import type { ResolvedConfig, CheckedOptions } from '../types.ts'
import type { CertificateFiles, ListenerOptions, ResolvedCertificate } from '../value-types.ts'
import type { Checked } from '../plain-object.ts'

const fileKeys = ['cert', 'key', 'ca', 'pfx'] as const

/** Checks the options of HTTPS, and adds defaults. `tls: false` overrides options that imply true. */
export function resolveTls(
  options: CheckedOptions,
  plainPorts: readonly number[],
  cwd: string,
  problems: Problem[],
): Pick<ResolvedConfig, 'tls' | 'redirect'> {
  const { tlsPort, redirect = false, certificates = [], listeners } = options
  const { tls = listeners?.some(isSecure) ?? isImplied(options) } = options
  const own = [...ownCertificate(options, cwd, problems), ...checkedCertificates(certificates, cwd, problems)]
  // With `port: 0` the system chooses the port for HTTPS too, unless `tlsPort` is set.
  const usualPorts = [defaults.tlsPort]
    .flat()
    .map(Number)
    .filter((each) => !plainPorts.includes(each))
  const usual = plainPorts.length === 1 && plainPorts[0] === 0 ? 0 : usualPorts
  const ports = resolvePorts('tlsPort', tlsPort ?? usual, problems)
  const [port] = ports
  if (tls !== false && ports.length === 1 && plainPorts.length === 1 && port === plainPorts[0] && port !== 0) {
    problems.push({
      path: ['tlsPort'],
      message: `${port} is the port for plain HTTP`,
      hint: 'use another one; plain requests are redirected on the port for HTTPS too',
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
}

function isSecure({ tls, certificates }: Checked<ListenerOptions>): boolean {
  return tls ?? certificates !== undefined
}

function checkedCertificates(
  certificates: readonly Checked<CertificateFiles>[],
  cwd: string,
  problems: Problem[],
): ResolvedCertificate[] {
  return certificates.flatMap((files, i) => checkedCertificate(files, ['certificates', String(i)], cwd, problems))
}

/** The certificates of a listener. Default: those of the options, whose problems are reported there. */
export function listedCertificates(
  given: readonly Checked<CertificateFiles>[] | undefined,
  options: CheckedOptions,
  cwd: string,
  problems: Problem[],
): ResolvedCertificate[] {
  if (given !== undefined) return checkedCertificates(given, cwd, problems)
  return [...ownCertificate(options, cwd, []), ...checkedCertificates(options.certificates ?? [], cwd, [])]
}

function isImplied(options: CheckedOptions): boolean {
  const isSet = (value: unknown): boolean => value !== false && [value].flat().some((each) => each !== undefined)
  return optionTable.some(({ key, impliesTls }) => impliesTls && isSet(options[key]))
}

function ownCertificate(options: CheckedOptions, cwd: string, problems: Problem[]): ResolvedCertificate[] {
  const isNamed = [...fileKeys, 'passphrase' as const].some((key) => options[key] !== undefined)
  return isNamed ? checkedCertificate(options, [], cwd, problems) : []
}

/** Whether certificate and key match is checked when the files are read. */
function checkedCertificate(
  files: Checked<CertificateFiles>,
  path: readonly string[],
  cwd: string,
  problems: Problem[],
): ResolvedCertificate[] {
  const problem = (key: string, message: string, hint: string): void => {
    problems.push({ path: [...path, key], message, hint })
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
