/** What the path of a control group says about a process. */
export interface CgroupFacts {
  readonly unit: { readonly name: string; readonly isOfUser: boolean } | undefined
  readonly container: { readonly id: string; readonly engine: 'docker' | 'podman' | undefined } | undefined
}

/**
 * Units in which a desktop runs what its user starts: to stop one would close a terminal or a whole session. `app-` is
 * the prefix of the XDG convention for applications.
 */
const desktopUnit = /^(?:user@|app-|session-|dbus|plasma-|gnome-|xdg-)|terminal/

/** Reads the path of a control group, such as `/system.slice/nginx.service` or `/system.slice/docker-<id>.scope`. */
export function readCgroup(path: string | undefined): CgroupFacts {
  const segments = (path ?? '').split('/')
  const isOfUser = segments.some((segment) => segment.startsWith('user@'))
  const name = segments.findLast((segment) => /\.(?:service|scope)$/.test(segment))
  const isUnit = name?.endsWith('.service') === true && !(isOfUser && desktopUnit.test(name))
  return { unit: isUnit ? { name, isOfUser } : undefined, container: containerIn(segments) }
}

/** The innermost container. Docker, Podman, containerd and CRI-O name the group by the 64 hexadecimal digits of the id. */
function containerIn(segments: readonly string[]): CgroupFacts['container'] {
  for (const segment of segments.toReversed()) {
    const [, prefix = '', id] = /^(.*?)([0-9a-f]{64})(?:\.scope)?$/.exec(segment) ?? []
    // The process of Podman that watches a container is not in it.
    if (id === undefined || prefix.includes('conmon')) continue
    const isDocker = prefix === 'docker-' || (prefix === '' && segments.includes('docker'))
    return { id, engine: isDocker ? 'docker' : prefix === 'libpod-' ? 'podman' : undefined }
  }
  return undefined
}
