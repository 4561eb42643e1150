import type { CodeText } from './error-texts.ts'
import type { WarningCode } from './warning.ts'

/** The texts of the warnings. */
export const warningTexts: Readonly<Record<WarningCode, CodeText>> = {
  W8008_ACTIVATION: {
    meaning: 'systemd handed over several sockets; only the first is served.',
    cause: 'The socket unit has several ListenStream lines.',
    remedy: 'Write one socket unit for each address.',
  },
  W8008_ADVERTISE: {
    meaning: 'The server is not advertised on a network, or under another name than the one that was asked for.',
    cause:
      'No IPv4 network reaches it, another server has the name, or a program holds port 5353 (mDNS) or 1900 (SSDP) for itself.',
    remedy: 'Choose another name: --advertise "My name"; or end the program that serve8008 scan shows on the port.',
  },
  W8008_AUTHORITY: {
    meaning: 'The local authority expires soon, was readable by other users, or cannot be kept.',
    cause: 'Its age, or the permissions of its folder.',
    remedy: 'serve8008 trust --renew replaces it.',
  },
  W8008_AUTH_FILE: {
    meaning: 'The password file cannot be used any more, or has no users any more.',
    cause: 'An edit with a mistake, a missing permission, or a deleted or emptied file.',
    remedy: 'Correct the file; serve8008 takes it without a restart.',
  },
  W8008_BAD_PORT: {
    meaning: 'Browsers refuse to open this port.',
    cause: 'Browsers block ports of other protocols, such as 6000 and 6667.',
    remedy: 'Choose another port: --port 8008.',
  },
  W8008_CERT: {
    meaning: 'Clients will refuse your certificate, or a changed file of it was not taken.',
    cause: 'It has expired or is about to, or certificate and key do not belong together.',
    remedy: 'Replace the files; serve8008 takes new ones without a restart.',
  },
  W8008_CERT_NAME: {
    meaning: 'The local authority makes no certificate for a name that is served.',
    cause: 'The name is not local (.localhost, .local, .test, .internal, .home.arpa), or there are too many names.',
    remedy: 'Use a local name, or a certificate of your own with --cert and --key.',
  },
  W8008_CONFIG: {
    meaning: 'An edit of the config file was not applied, or a file that looks like one is not read.',
    cause: 'A mistake in the edit, a deleted file, or a name such as serve8008.config.yaml.',
    remedy: 'Correct the file and run serve8008 check.',
  },
  W8008_CONNECTIONS: {
    meaning: 'All connections are busy; a client was turned away.',
    cause: 'A load test, or many pages with open streams.',
    remedy: 'Raise the limit: --limit connections=4096.',
  },
  W8008_CUT: {
    meaning: 'Closing the server cut replies off.',
    cause: 'A download or an open stream was not complete after limits.closeMs.',
    remedy: 'Allow more time: --limit closeMs=30000.',
  },
  W8008_EXPOSED: {
    meaning: 'Others on the network can read what is served.',
    cause: '--lan, or a --host that other machines reach.',
    remedy: 'Leave the flag out to serve this machine only, or ask for a password with --auth.',
  },
  W8008_HEALTH: {
    meaning: 'An upstream fails its health check, or passes it again.',
    cause: 'The upstream has stopped, restarts, or its health path has another status than 2xx or 3xx.',
    remedy: 'See the log of the upstream, and check health.path of the route.',
  },
  W8008_LIVE: {
    meaning: 'Live reload cannot start; files are served without it.',
    cause: 'The system denies watching files.',
    remedy: 'Use --poll, or switch live reload off: --no-live.',
  },
  W8008_LIVE_BLOCKED: {
    meaning: 'The Content-Security-Policy of a page blocks live reload.',
    cause: 'The page or its upstream sends a strict policy.',
    remedy: 'Allow what the warning names in the policy, or switch live reload off: --no-live.',
  },
  W8008_NOT_REWRITTEN: {
    meaning: 'Content of a route with rewriteBody went to the client as the upstream sent it, with its URLs.',
    cause: 'It is larger than limits.rewriteBytes, or not in the coding that its Content-Encoding names.',
    remedy: 'Raise the limit (--limit rewriteBytes=8388608), or correct the Content-Encoding of the upstream.',
  },
  W8008_OPEN: {
    meaning: 'No browser was opened.',
    cause: 'There is no browser on this machine, or BROWSER names one that is not installed.',
    remedy: 'Open the address yourself, or set BROWSER=none.',
  },
  W8008_OUTPUT: {
    meaning: 'Log lines were dropped.',
    cause: 'The disk is full, or the reader of the output is too slow.',
    remedy: 'Free disk space, read faster, or log less: --log none.',
  },
  W8008_PLACEHOLDER: {
    meaning: 'A fixed reply has a word in braces that is nearly a placeholder, and sends it as it is.',
    cause: 'A typing error in {origin}, {host}, {port} or {base}, or the braces of another language, such as ${host}.',
    remedy: 'Correct the word; other text in braces is sent as it is.',
  },
  W8008_PRESET: {
    meaning:
      'Listeners of the preset are not opened, or its upstream is not used, since another setting replaces them.',
    cause:
      'port, PORT, socket, fd, tls or tlsPort beside a preset that has listeners, or upstream beside a proxy for the same path.',
    remedy: 'Leave one of the two out, or write the preset to a file and change it there: serve8008 init NAME.',
  },
  W8008_PROJECT: {
    meaning: 'The folder is the source of a project that needs a build, or a single-page app without --single.',
    cause: 'serve8008 was started in the folder of the project instead of its build folder.',
    remedy: 'Run the command of the project that the warning names, or add --single.',
  },
  W8008_RESTART: {
    meaning: 'An edit of the config file changed options that only a restart applies.',
    cause: 'Routes and proxies change while the server runs, other options do not.',
    remedy: 'Restart serve8008.',
  },
  W8008_SINGLE: {
    meaning: 'The page of --single does not exist; unknown paths are answered with 404 until it does.',
    cause: 'The app is not built yet, or its page has another name.',
    remedy: 'Build the app first, or name the page: --single=app.html.',
  },
  W8008_TELLING: {
    meaning: 'Dumps, sources or archives lie in a served folder, and everyone who reaches the server can read them.',
    cause: 'A backup or an export in the project folder.',
    remedy: 'Move them elsewhere, unless you mean to serve them.',
  },
  W8008_UNTRUSTED: {
    meaning: 'A client refused the certificate of this server, or will refuse it.',
    cause: 'Its browser or system does not trust the local authority yet.',
    remedy: 'serve8008 trust, then restart the browser.',
  },
  W8008_UNVERIFIED: {
    meaning: 'A route does not verify the certificates of its upstreams.',
    cause: 'The route has tls: { verify: false }, or the word insecure behind its target.',
    remedy: "Name the authority instead: tls: { ca: 'ca.pem' }.",
  },
  W8008_UPSTREAM: {
    meaning: 'No server listens where the preset forwards to.',
    cause: 'It has not been started yet, or listens on another port.',
    remedy: 'Start it with the command that the warning names, or give its address with --upstream.',
  },
  W8008_WATCH: {
    meaning: 'Some files cannot be watched; serve8008 looks at them at intervals, or not at all.',
    cause: 'The system limits how many folders or files a user watches.',
    remedy: 'Raise the limit with the command that the warning names.',
  },
  W8008_WATCH_POLL: {
    meaning: 'A folder is on a file system that reports no changes, so its files are looked at every 300 ms.',
    cause: 'A network drive, a container volume, or a Windows drive in WSL.',
    remedy: 'Keep the files on a disk of the machine that runs serve8008.',
  },
  W8008_WORKER: {
    meaning: 'A browser asked for a service worker that is not here.',
    cause: 'An earlier site on the same port registered one, or a page registers one by a path that is wrong.',
    remedy:
      'Nothing for an earlier site: its worker unregisters itself, and its pages load again. Else correct the path.',
  },
}
