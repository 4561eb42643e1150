import type { CheckCode } from './codes.ts'

/** What `serve8008 explain CODE` and the documentation say about a finding. Each is one or more sentences. */
export interface FindingText {
  /** What was found. */
  readonly meaning: string
  /** Why it matters: what others can do, or what fails. */
  readonly effect: string
  /** What to do, with the command where there is one. */
  readonly remedy: string
}

/** Codes of what `serve8008 scan` finds. */
export type ScanCode =
  | 'S8008_EXPOSED'
  | 'S8008_GIT'
  | 'S8008_ENV'
  | 'S8008_FILES'
  | 'S8008_HOME'
  | 'S8008_CORS'
  | 'S8008_DEBUGGER'
  | 'S8008_CONSOLE'
  | 'S8008_ACTUATOR'
  | 'S8008_PHPINFO'
  | 'S8008_DOCKER'
  | 'S8008_DATABASE'
  | 'S8008_ADMIN'
  | 'S8008_OPEN_RELAY'
  | 'S8008_TWO_OWNERS'
  | 'S8008_STOPPED'
  | 'S8008_REGISTRY'
  | 'S8008_TLS_EXPIRY'

/** Codes of what `serve8008 doctor` finds. */
export type DoctorCode =
  | 'D8008_SLOW'
  | 'D8008_FAILED'
  | 'D8008_NODE'
  | 'D8008_SHARED_SETTING'
  | 'D8008_PORTS'
  | 'D8008_PORT'
  | 'D8008_TWO_OWNERS'
  | 'D8008_LOOPBACK'
  | 'D8008_IPV6_OFF'
  | 'D8008_LOCALHOST'
  | 'D8008_LOCALHOST_NAMES'
  | 'D8008_OWN_NAME'
  | 'D8008_PROXY'
  | 'D8008_WATCHES'
  | 'D8008_WATCHERS'
  | 'D8008_OPEN_FILES'
  | 'D8008_TEMPORARY'
  | 'D8008_REGISTRY'
  | 'D8008_REGISTRY_STALE'
  | 'D8008_REGISTRY_PORT'
  | 'D8008_AUTHORITY'
  | 'D8008_AUTHORITY_EXPIRES'
  | 'D8008_UNTRUSTED'
  | 'D8008_UNCHECKED_TLS'
  | 'D8008_EXTRA_CERTS'
  | 'D8008_CLOCK'
  | 'D8008_WSL_FOLDER'
  | 'D8008_CONTAINER'
  | 'D8008_SUDO'

const openRelay: FindingText = {
  meaning: 'The server contacts a server that a request names.',
  effect: 'Clients reach through it what only this machine can reach, and hide behind its address.',
  remedy: 'Turn off forwarding to targets that the request names, or allow listed targets only.',
}

const twoOwners: FindingText = {
  meaning: '`localhost` is one program over IPv4 and another over IPv6.',
  effect: 'A client gets either of them, so edits and logins seem to vanish.',
  remedy: 'End one of them with serve8008 free PORT --pid PID, or give it another port.',
}

const cors: FindingText = {
  meaning:
    'CORS lets pages of any origin read replies: it allows each origin that asks, * with credentials, or public sites in the private network.',
  effect: "Every page in your browser reads the server's data, with your cookies where credentials are allowed.",
  remedy: 'List the origins that may read replies, and send no credentials field to others.',
}

const tlsExpiry: FindingText = {
  meaning: 'The certificate is not valid now, or ends soon: within 14 days for scan, within 7 days for verify.',
  effect: 'Browsers and other clients refuse the server then.',
  remedy: 'Renew the certificate.',
}

/** The texts of `scan`. None of these texts is beside its check, because explaining a code loads no check. */
export const scanTexts: Readonly<Record<ScanCode, FindingText>> = {
  S8008_EXPOSED: {
    meaning: 'Other machines reach the server, and it asks for no password.',
    effect: 'Every client in the network reads and does what only you were meant to.',
    remedy: 'Start it with the host 127.0.0.1.',
  },
  S8008_GIT: {
    meaning: 'The server gives away the git repository.',
    effect: 'The history holds the whole source, with each secret that was ever committed.',
    remedy: 'Serve a folder without .git, or refuse paths that start with a dot.',
  },
  S8008_ENV: {
    meaning: 'The server gives away .env.',
    effect: 'It holds passwords and keys of databases and services.',
    remedy: 'Serve a folder without .env, or refuse paths that start with a dot.',
  },
  S8008_FILES: {
    meaning: 'Every file of the user is readable through /@fs/.',
    effect: 'SSH keys, browser profiles and other projects can be read.',
    remedy: 'Update Vite: npm install vite@latest.',
  },
  S8008_HOME: {
    meaning: 'The server lists the home folder.',
    effect: 'Keys, histories and other projects can be found and read.',
    remedy: 'End it with serve8008 free PORT, and serve the folder of the project.',
  },
  S8008_CORS: cors,
  S8008_DEBUGGER: {
    meaning: 'Other machines reach the debugger of a process.',
    effect: 'A debugger runs any code in the process, without a password.',
    remedy: 'Start it with the debugger on 127.0.0.1, as --inspect=127.0.0.1 does.',
  },
  S8008_CONSOLE: {
    meaning: 'The console of Werkzeug can be reached.',
    effect: 'It runs any code after a PIN that can be guessed from facts of the machine.',
    remedy: 'Run Flask without debug: flask run --no-debug.',
  },
  S8008_ACTUATOR: {
    meaning: 'The settings of a Spring application are readable at /actuator/env.',
    effect: 'They name its services, and often hold their passwords.',
    remedy: 'Set management.endpoints.web.exposure.include=health.',
  },
  S8008_PHPINFO: {
    meaning: 'The settings and the environment of PHP are readable at /phpinfo.php.',
    effect: 'The environment often holds passwords, and the versions show which attacks work.',
    remedy: 'Delete phpinfo.php.',
  },
  S8008_DOCKER: {
    meaning: 'Docker listens on a port without a password.',
    effect: 'A container may mount the whole disk, so who reaches Docker controls the machine.',
    remedy: 'Remove the tcp:// address from the hosts of dockerd.',
  },
  S8008_DATABASE: {
    meaning: 'Other machines reach a database.',
    effect: 'A password, which may be empty, is all that protects the data.',
    remedy: 'Set its listen address to 127.0.0.1.',
  },
  S8008_ADMIN: {
    meaning: 'Other machines reach the administration of a program, which has no password.',
    effect: 'They can change its settings, and so where it sends requests.',
    remedy: 'Bind its administration to 127.0.0.1.',
  },
  S8008_OPEN_RELAY: openRelay,
  S8008_TWO_OWNERS: twoOwners,
  S8008_STOPPED: {
    meaning: 'The process of the port is stopped, by ^Z in its terminal or by SIGSTOP.',
    effect: 'The system accepts connections for it, and no client gets an answer.',
    remedy: 'Continue it with kill -CONT PID or fg, or end it with serve8008 free PORT.',
  },
  S8008_REGISTRY: {
    meaning: 'A server of yours was killed and is still registered, or runs while another program has its port.',
    effect: 'The commands stop and reload look for a server that is not there.',
    remedy: 'Remove what killed servers left: serve8008 ls.',
  },
  S8008_TLS_EXPIRY: tlsExpiry,
}

/** The texts of `verify`, in the order of its report. */
export const checkTexts: Readonly<Record<CheckCode, FindingText>> = {
  S8008_ANSWER: {
    meaning: 'The server accepts connections, but answers no HTTP within 3 seconds.',
    effect: 'Clients get no reply, and nothing else of the server can be tested.',
    remedy: 'Look at the log of the server, or restart it.',
  },
  S8008_OPEN_RELAY: openRelay,
  S8008_HOST: {
    meaning: 'The server answers for names such as evil.test and localhost.evil.test.',
    effect: 'A web page whose name resolves to this machine can read it (DNS rebinding).',
    remedy: 'Answer for known names only: an option such as allowed hosts, or a default virtual host that refuses.',
  },
  S8008_HOST_MISSING: {
    meaning: 'The server answers requests of HTTP/1.1 without Host.',
    effect: 'A check of names that only looks at Host is left out.',
    remedy: 'Refuse HTTP/1.1 requests without Host by 400 (RFC 9112 section 3.2).',
  },
  S8008_WEBSOCKET_ORIGIN: {
    meaning: 'A page of any site can open the WebSocket of live reload.',
    effect: 'It reads which files change, and some servers take commands there.',
    remedy: 'Compare Origin with the own host before the handshake is accepted.',
  },
  S8008_EVENTS_ORIGIN: {
    meaning: 'A page of any site can read an event stream.',
    effect: 'It reads which files change, and what else the stream reports.',
    remedy: 'Send no Access-Control-Allow-Origin with the event stream.',
  },
  S8008_CORS: cors,
  S8008_DOTFILES: {
    meaning: 'The server gives away .git/HEAD, .env, .npmrc or the like.',
    effect: 'Such files hold passwords, tokens and the history of the source.',
    remedy: 'Deny names that begin with a dot, or serve a folder without them.',
  },
  S8008_KEYS: {
    meaning: 'The server gives away a private key under a usual name.',
    effect: 'Who has the key can pretend to be its owner, until the key is replaced.',
    remedy: 'Move the keys out of the served folder.',
  },
  S8008_BACKUPS: {
    meaning: 'The server gives away index.html~, config.php.bak or the like.',
    effect: 'A backup is served as text, with the passwords in it.',
    remedy: 'Delete the backups, or move them out of the served folder.',
  },
  S8008_TRAVERSAL: {
    meaning: 'A path leads out of the served folder, in one of 14 spellings.',
    effect: 'Every file that the server can read can be downloaded.',
    remedy: 'Update the server: it must decode a path once and refuse what leaves its folder.',
  },
  S8008_OUTSIDE: {
    meaning: 'A route such as /@fs/ reads files outside of the project.',
    effect: 'Every file that the server can read can be downloaded.',
    remedy: 'Limit the route to the project (Vite: server.fs.strict), or update the server.',
  },
  S8008_LISTING: {
    meaning: 'The listing of the server offers hidden names or keys, as that of a home folder does.',
    effect: 'Who opens the page finds what to download.',
    remedy: 'Turn off the listing, or serve a folder without such files.',
  },
  S8008_TLS_VERSION: {
    meaning: 'The server speaks TLS 1.1 or older.',
    effect: 'Those versions are broken: what is sent can be read or changed on the way.',
    remedy: 'Allow TLS 1.2 and later only.',
  },
  S8008_TLS_EXPIRY: tlsExpiry,
  S8008_TLS_NAMES: {
    meaning: 'The certificate is for other names.',
    effect: 'Browsers and other clients refuse the server.',
    remedy: 'Use a certificate that holds the name, such as that of: serve8008 cert NAME.',
  },
}

/** The texts of `doctor`. */
export const doctorTexts: Readonly<Record<DoctorCode, FindingText>> = {
  D8008_SLOW: {
    meaning: 'A check of doctor takes longer than it may.',
    effect: 'What it looks at is not known.',
    remedy: 'Run the command that the finding names: it shows the same.',
  },
  D8008_FAILED: {
    meaning: 'A check of doctor failed.',
    effect: 'What it looks at is not known.',
    remedy: 'Run the command that the finding names: it shows the same.',
  },
  D8008_NODE: {
    meaning: 'Node is older than serve8008 needs.',
    effect: 'serve8008 may fail at any place.',
    remedy: 'Install a newer Node, or run npx -p node@22 -p serve8008 serve8008.',
  },
  D8008_SHARED_SETTING: {
    meaning: 'A variable of the environment is a setting of serve8008, and of many programs: PORT or HOST.',
    effect: 'A start without flags uses it, perhaps unexpectedly.',
    remedy: 'Unset it, or give the flag: a flag wins.',
  },
  D8008_PORTS: {
    meaning: 'No port that a start here would try is free.',
    effect: 'serve8008 does not start here.',
    remedy: 'Let the system choose a port with serve8008 --port 0, or free one: serve8008 free 8008.',
  },
  D8008_PORT: {
    meaning: 'The first port that a start here would try is in use.',
    effect: 'serve8008 takes the next one, so bookmarks and other programs do not find it.',
    remedy: 'Free the port: serve8008 free 8008.',
  },
  D8008_TWO_OWNERS: twoOwners,
  D8008_LOOPBACK: {
    meaning: 'An address of the loopback does not exist, or connections to it are refused.',
    effect: 'Programs of this machine do not reach servers on it.',
    remedy: 'Allow the loopback in the firewall or sandbox, or bring it up: sudo ip link set lo up.',
  },
  D8008_IPV6_OFF: {
    meaning: 'IPv6 is off on this machine.',
    effect: 'A program that takes `localhost` for ::1 alone does not reach serve8008.',
    remedy: 'Turn it on for the loopback: sudo sysctl net.ipv6.conf.lo.disable_ipv6=0.',
  },
  D8008_LOCALHOST: {
    meaning: '`localhost` has no address, one that is not this machine, or one family alone.',
    effect: 'Programs do not find servers of this machine by that name, or ask another machine.',
    remedy: 'Write the line that the finding shows into the hosts file.',
  },
  D8008_LOCALHOST_NAMES: {
    meaning: 'The system does not know the names below localhost, such as docs.localhost.',
    effect: 'Browsers and curl find servers by them, but Node, Python and other programs do not.',
    remedy: 'Write each name that a program needs into the hosts file.',
  },
  D8008_OWN_NAME: {
    meaning: 'The machine does not know its own name.',
    effect: 'Some servers and Java wait for a name server at their start.',
    remedy: 'Write the name into the hosts file.',
  },
  D8008_PROXY: {
    meaning: 'Variables send requests to a proxy, and NO_PROXY does not name this machine.',
    effect: 'curl, Python and others ask the proxy for pages of this machine, which it cannot reach.',
    remedy: 'Set NO_PROXY and no_proxy to localhost,127.0.0.1,::1.',
  },
  D8008_WATCHES: {
    meaning: 'Nearly all folders that the system lets a user watch are in use, or it allows few.',
    effect: 'Edits go unnoticed: pages do not reload, and builds do not run.',
    remedy: 'Raise the limit: sudo sysctl fs.inotify.max_user_watches=524288.',
  },
  D8008_WATCHERS: {
    meaning: 'Nearly all watchers that the system allows a user are in use.',
    effect: 'The next program that watches files fails.',
    remedy: 'Raise the limit: sudo sysctl fs.inotify.max_user_instances=1024.',
  },
  D8008_OPEN_FILES: {
    meaning: 'A process may open few files, or all processes together have nearly all of theirs open.',
    effect: 'Each connection is an open file: a server with many clients turns some away.',
    remedy: 'Raise the limit: ulimit -n 8192, or sudo sysctl fs.file-max=NUMBER.',
  },
  D8008_TEMPORARY: {
    meaning: 'The temporary folder does not exist, cannot be written, or its disk is nearly full.',
    effect: 'Servers may not be found by ls and stop, and uploads fail.',
    remedy: 'Create the folder, or free space on its disk.',
  },
  D8008_REGISTRY: {
    meaning: 'Servers cannot register in their folder.',
    effect: 'The commands ls, stop and reload find none of them.',
    remedy: 'Make it a private folder of your own, by the command that the finding shows.',
  },
  D8008_REGISTRY_STALE: {
    meaning: 'Servers were killed and left their entries.',
    effect: 'Nothing fails: the commands ignore such entries.',
    remedy: 'Remove them: serve8008 ls.',
  },
  D8008_REGISTRY_PORT: {
    meaning: 'A server of yours runs, while another program has its port.',
    effect: 'Its URL opens the other program.',
    remedy: 'Stop the server: serve8008 stop --port PORT.',
  },
  D8008_AUTHORITY: {
    meaning: 'The folder of the local authority cannot be written.',
    effect: 'HTTPS gets another certificate at each start, which nothing trusts.',
    remedy: 'Give yourself the right to write the folder.',
  },
  D8008_AUTHORITY_EXPIRES: {
    meaning: 'The local authority has expired or expires within 60 days.',
    effect: 'Browsers refuse all its certificates then.',
    remedy: 'Replace it: serve8008 trust --renew.',
  },
  D8008_UNTRUSTED: {
    meaning: 'Some stores of trusted certificates do not hold the local authority.',
    effect: 'Browsers and programs that use them warn of its certificates.',
    remedy: 'Add it: serve8008 trust.',
  },
  D8008_UNCHECKED_TLS: {
    meaning: 'NODE_TLS_REJECT_UNAUTHORIZED=0 is set.',
    effect: 'Every Node program accepts any certificate, so anybody on the way can read what it sends.',
    remedy: 'Unset it: unset NODE_TLS_REJECT_UNAUTHORIZED.',
  },
  D8008_EXTRA_CERTS: {
    meaning: 'NODE_EXTRA_CA_CERTS names a file that does not exist.',
    effect: 'Node trusts nothing of it, and refuses servers that need it.',
    remedy: 'Name the local authority: export NODE_EXTRA_CA_CERTS="$(serve8008 trust --ca)".',
  },
  D8008_CLOCK: {
    meaning: 'The clock is behind the files of serve8008.',
    effect: 'Certificates count as not valid yet.',
    remedy: 'Set the clock: sudo hwclock --hctosys.',
  },
  D8008_WSL_FOLDER: {
    meaning: 'The folder is one of Windows, seen from WSL.',
    effect: 'It is slow and reports no changes, so files are checked every second.',
    remedy: 'Keep the project in a folder of Linux, such as ~/project.',
  },
  D8008_CONTAINER: {
    meaning: 'serve8008 runs in a container.',
    effect: 'There `localhost` is the container: the host does not reach a server on it.',
    remedy: 'Publish the port, and listen on every address: serve8008 --host 0.0.0.0.',
  },
  D8008_SUDO: {
    meaning: 'sudo runs serve8008 as root.',
    effect: 'The server belongs to root: your commands neither list nor stop it.',
    remedy: 'Run it without sudo: serve8008.',
  },
}

/** The codes of the checks of `verify`, in the order of its report. */
export const checkCodes = Object.keys(checkTexts) as readonly CheckCode[]

/** The remedy as the end of a line, as a finding shows it. */
export function fixOf({ remedy }: FindingText): string {
  return `${remedy.charAt(0).toLowerCase()}${remedy.slice(1).replace(/\.$/, '')}`
}
