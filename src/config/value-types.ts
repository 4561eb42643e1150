/** Format of the access log. */
export type LogFormat = 'pretty' | 'common' | 'combined' | 'json' | 'none'

/** Options of live reload. */
export interface ResolvedLive {
  /** Absolute files, folders and globs. */
  readonly watch: readonly string[]
  readonly ignore: readonly string[]
  readonly reload: 'page' | 'morph'
  readonly toast: boolean
  readonly console: boolean
  readonly poll: boolean
}

/** What a server tells the devices of its network. */
export interface AdvertiseOptions {
  /** Name that people see. Default: that of the machine, and the port. */
  name?: string | undefined
  /** UUID of the device, as its own description has it. Default: one made of the names of the machine and of the service. */
  id?: string | undefined
  /** Announce `_http._tcp` by mDNS, or `_https._tcp` where only HTTPS is served. Default true. */
  http?: boolean | undefined
  /** Announce `_googlecast._tcp` by mDNS, with port 8009 or this one. Default false. */
  googlecast?: boolean | number | undefined
  /** Announce a DIAL device by SSDP, with the path of its description. Default false; true is `/ssdp/device-desc.xml`. */
  dial?: boolean | string | undefined
}

/** {@link AdvertiseOptions}, completed. */
export interface ResolvedAdvertise {
  /** Undefined for that of the machine, and the port. */
  readonly name: string | undefined
  /** In lower case; undefined for one of the machine. */
  readonly id: string | undefined
  readonly http: boolean
  /** The port of `_googlecast._tcp`. */
  readonly googlecast: number | undefined
  /** The path of the device description. */
  readonly dial: string | undefined
}

/** Header fields for replies under a path. */
export interface HeaderRule {
  /** Path prefix without a final slash, `base` included; `/` for every reply. Percent-encoded as browsers do it. */
  readonly path: string
  /** Flat list of fields, validated. */
  readonly headers: readonly string[]
}

/** Origins that may read replies: `*` for every one, or undefined for none. */
export type AllowedOrigins = '*' | readonly string[] | undefined

/** The files of one certificate. */
export interface CertificateFiles {
  cert?: string | undefined
  key?: string | undefined
  ca?: string | undefined
  pfx?: string | undefined
  passphrase?: string | undefined
}

/** The files of one certificate, as absolute paths. */
export interface ResolvedCertificate {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
  readonly pfx?: string
  readonly passphrase?: string
}

/** One listener of the option `listeners`. */
export interface ListenerOptions {
  /** Name, which must be unique. Default: its scheme and its first port, for example `https:8448`. */
  name?: string | undefined
  /** One port, or a list tried in order; 0 lets the system choose. Default: that of `port`, or of `tlsPort` under TLS. */
  port?: number | string | readonly (number | string)[] | undefined
  /** Fail instead of trying the next port of a list. Default: the option `strictPort`. */
  strictPort?: boolean | undefined
  /** Address or name to listen on. Default: the option `host`. */
  host?: string | undefined
  /** Listen on every address. Default: the option `lan`. */
  lan?: boolean | undefined
  /** Path of a unix socket (or a Windows pipe), instead of a port; without TLS. */
  socket?: string | undefined
  /** Inherited descriptor, instead of a port. */
  fd?: number | undefined
  /** Serve HTTPS here. Default false; `certificates` imply true. */
  tls?: boolean | undefined
  /** Its own certificates; the first one is for clients without SNI. Default: those of the options, else of the local authority. */
  certificates?: readonly CertificateFiles[] | undefined
}

/** Where connections are accepted, and how. */
export interface ResolvedListener {
  /** Unique. */
  readonly name: string
  /** `localhost` for both loopback addresses, otherwise an address or a name. */
  readonly host: string
  /** Whether `localhost` is widened to every address of this machine. */
  readonly lan: boolean
  /** Ports in the order they are tried. */
  readonly ports: readonly number[]
  /** Whether the next port is tried when one is in use. */
  readonly fallback: boolean
  /** Absolute path of a unix socket, instead of a port. */
  readonly socket: string | undefined
  /** Inherited descriptor, instead of a port. */
  readonly fd: number | undefined
  /** Whether it serves HTTPS. */
  readonly tls: boolean
  /** The first one is for clients without SNI. Empty under TLS: the local authority makes one. */
  readonly certificates: readonly ResolvedCertificate[]
}

/** Options of HTTPS. */
export interface ResolvedTls {
  /** Whether all plain HTTP is redirected. */
  readonly only: boolean
  /** Ports in the order they are tried. */
  readonly ports: readonly number[]
  /** Whether the next port is tried when one is in use. */
  readonly fallback: boolean
  /** The first one is for clients without SNI. Empty: the local authority makes one. */
  readonly certificates: readonly ResolvedCertificate[]
}
