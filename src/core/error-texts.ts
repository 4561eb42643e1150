import type { ErrorCode } from './codes.ts'

/** What `serve8008 explain CODE` and the documentation say about a code. Each is one or more sentences. */
export interface CodeText {
  /** What happened. */
  readonly meaning: string
  /** The usual cause. */
  readonly cause: string
  /** What to do, with the command where there is one. */
  readonly remedy: string
}

/** The texts of the errors. They are not in codes.ts, because every start loads that file. */
export const errorTexts: Readonly<Record<ErrorCode, CodeText>> = {
  E8008_INTERNAL: {
    meaning: 'serve8008, or a layer that a program added, failed. The client sees no details.',
    cause: 'A fault of serve8008, an exception in a layer or handler, or a disk that fails.',
    remedy: 'Run the command again with --verbose and report the stack that it prints.',
  },
  E8008_HANDLER: {
    meaning: 'A handler, or middleware that a program added with connectLayer, failed. The client sees no details.',
    cause:
      'It threw, rejected or called next(error), returned neither a Response nor undefined, failed after its reply, or never answers.',
    remedy: 'Run with --verbose to see the stack, or listen to the error event of the server: its cause has it.',
  },
  E8008_CLOSED: {
    meaning: 'The server was closed: listen() was called after that, or in a log, closing cut the reply off.',
    cause: 'A program uses the same server again after close(), or a reply took longer than limits.closeMs.',
    remedy: 'Make another server: createServer(options); for a slow reply: --limit closeMs=30000.',
  },
  E8008_OUTPUT: {
    meaning: 'Standard output cannot be written. A running server drops log lines and keeps serving.',
    cause: 'The disk that the output is redirected to is full.',
    remedy: 'Free disk space, or redirect the output to another file.',
  },
  E8008_PERMISSION: {
    meaning: 'Node runs with --permission, and does not let the server read, write or listen.',
    cause: 'The folder to serve, the working directory or the network is not allowed.',
    remedy: 'Start Node with the flag that the hint names, or without --permission.',
  },
  E8008_USAGE: {
    meaning:
      'The command line has an unknown flag, a missing value or a word too many, or its folder no longer exists.',
    cause: 'A typing error, or a flag of another server.',
    remedy: 'Run the command that the error suggests, or see serve8008 help all.',
  },
  E8008_NOT_RUNNING: {
    meaning:
      'serve8008 reload, stop, tail or record found no running server, or several, or the server has ended; or nothing listens where verify looked.',
    cause: 'The server has ended, was started by another user, or several servers run.',
    remedy: 'serve8008 status lists your servers; choose one with --port.',
  },
  E8008_NOT_LOCAL: {
    meaning: 'serve8008 verify tests servers of this machine only, and the address is another one.',
    cause: 'The URL names a server on the network, or a name that has no address here.',
    remedy: 'Add --host with the host of the URL, if that server is yours to test.',
  },
  E8008_CONFIG_INVALID: {
    meaning: 'One or more options have an invalid value; every problem is listed.',
    cause: 'A typing error in a flag, an environment variable, the config file or the options of a program.',
    remedy: 'Correct each problem, then run serve8008 check.',
  },
  E8008_CONFIG_NOT_FOUND: {
    meaning: 'The file that --config names does not exist.',
    cause: 'A wrong path: it is relative to the current folder.',
    remedy: 'Correct the path, or leave --config out to look the file up.',
  },
  E8008_CONFIG_UNREADABLE: {
    meaning: 'The config file cannot be read, parsed or imported.',
    cause: 'A syntax error, an exception in the file, a missing import or a missing default export.',
    remedy: 'Correct the line that the error names, then run serve8008 check.',
  },
  E8008_PLUGIN: {
    meaning: 'A hook of a plugin failed, or returned what it must not return.',
    cause: 'An error in the code of the plugin that the message names.',
    remedy: 'Correct the plugin, or remove it from the option plugins.',
  },
  E8008_ROOT_NOT_FOUND: {
    meaning: 'The folder to serve, or that of a route or a mount, does not exist.',
    cause: 'A typing error, or a build that has not run yet.',
    remedy: 'Build first, or name an existing folder: serve8008 FOLDER.',
  },
  E8008_ROOT_NOT_FOLDER: {
    meaning: 'The path to serve is a file, not a folder.',
    cause: 'The name of a page was given in place of its folder.',
    remedy: 'Name the folder that holds the file, and open the page with --open /page.html.',
  },
  E8008_ROOT_UNREADABLE: {
    meaning: 'The system denies reading the folder to serve.',
    cause: 'Missing permissions on the folder or on a folder above it.',
    remedy: 'Give the user that runs serve8008 the right to read it, or serve another folder.',
  },
  E8008_AUTH_FILE: {
    meaning: 'The password file is missing, unreadable or has lines that cannot be checked.',
    cause: 'A wrong path, or a password that is not a bcrypt, SHA-512, SHA-256, apr1 or SHA hash.',
    remedy: 'Write each user with bcrypt: htpasswd -B FILE USER.',
  },
  E8008_CERT: {
    meaning: 'Your certificate or its key cannot be used.',
    cause: 'A file is missing, unreadable or encrypted, or certificate and key do not belong together.',
    remedy: 'Correct --cert, --key or --passphrase, or leave them out: --tls makes a certificate itself.',
  },
  E8008_AUTHORITY: {
    meaning: 'The local authority is damaged, expired, not made by serve8008, or cannot be read or written.',
    cause: 'Its folder was edited or copied in part, or belongs to another user.',
    remedy: 'serve8008 trust --renew replaces it.',
  },
  E8008_TRUST: {
    meaning: 'A store of trusted certificates could not be changed; each one is listed.',
    cause: 'No terminal in which sudo can ask for a password, or a tool such as certutil is not installed.',
    remedy: 'Run serve8008 trust in a terminal, after you have installed what the error names.',
  },
  E8008_PORT_HELD: {
    meaning: 'The one port that you asked for is in use; the message names the process where the system does.',
    cause: 'Another server, often an earlier one, listens on it.',
    remedy:
      'See what it is with serve8008 scan PORT, end it with serve8008 free PORT, or choose another port: --port 3001.',
  },
  E8008_PORT_DENIED: {
    meaning: 'The one port that you asked for needs rights that you do not have.',
    cause: 'Ports below 1024 need administrator rights, and Windows reserves ranges of ports.',
    remedy: 'Choose a port above 1023: --port 8008.',
  },
  E8008_PORTS_HELD: {
    meaning: 'No port of the list is free; the message says why for each.',
    cause: 'Other servers listen on all of them.',
    remedy:
      'Add 0 to the list, and the system chooses a free port: --port 8008,0. Or stop what holds one: serve8008 free 8008.',
  },
  E8008_PORTS_UNREADABLE: {
    meaning: 'The system does not show which ports are in use.',
    cause: 'A container or a sandbox hides /proc, Node runs with --permission, or lsof and netstat are not installed.',
    remedy: 'Make /proc readable, run Node without --permission, or install lsof.',
  },
  E8008_ADDRESS: {
    meaning: 'serve8008 cannot listen on the host: this machine does not have that address.',
    cause: 'A typing error in --host, an address of another machine, or a name without an address.',
    remedy: 'Use --host localhost for this machine alone, or --lan for the local network.',
  },
  E8008_SOCKET: {
    meaning: 'serve8008 cannot listen on the socket path or the inherited descriptor.',
    cause: 'The folder of the socket is missing, a running server holds it, or the descriptor is not a socket.',
    remedy: 'Correct --socket or --fd, or listen on a port.',
  },
  E8008_MALFORMED: {
    meaning: 'The bytes that the client sent are not valid HTTP.',
    cause: 'The client speaks TLS or HTTP/2 to a port for plain HTTP/1.1, or is faulty.',
    remedy: 'Use the address that serve8008 prints; for HTTPS start it with --tls.',
  },
  E8008_FRAMING: {
    meaning: 'The length of the request is ambiguous or invalid (RFC 9112, section 6).',
    cause: 'A faulty client, or an attempt at request smuggling.',
    remedy: 'Send one Content-Length, or Transfer-Encoding: chunked, but not both.',
  },
  E8008_HOST_INVALID: {
    meaning: 'The request has no Host field, several, or an invalid one.',
    cause: 'A hand-written request, or a faulty proxy.',
    remedy: 'Send exactly one Host field with the name and port of the address.',
  },
  E8008_TARGET_INVALID: {
    meaning: 'The request-target has a form that serve8008 does not answer.',
    cause: 'Characters that are not percent-encoded, or a scheme other than http and https.',
    remedy: 'Send a path that begins with a slash, with special characters percent-encoded.',
  },
  E8008_PATH_INVALID: {
    meaning: 'The path is ambiguous: servers would read it differently, or it would leave its folder or route.',
    cause: 'Dot segments, encoded slashes, backslashes, control characters or bytes that are not UTF-8.',
    remedy: 'Send the plain path, percent-encoded as UTF-8.',
  },
  E8008_BODY_INVALID: {
    meaning: 'The request content is not what the address accepts.',
    cause: 'A call of /__serve8008/reload without a list of paths.',
    remedy: 'Send {"paths":["/absolute/path/app.css"]}, or no content.',
  },
  E8008_FILTER: {
    meaning: 'The filter of serve8008 tail or record cannot be read; the sentence names the character.',
    cause: 'A key that there is not, a value that does not fit its key, or a quote or parenthesis without its end.',
    remedy: 'Use the keys that the sentence lists, such as status:5xx; put other text in quotes.',
  },
  E8008_UNAUTHORIZED: {
    meaning: 'The user name and password are missing or wrong.',
    cause: 'The server or the route has auth or authFile.',
    remedy: 'With curl, add -u NAME; in a browser, reload the page and enter a user name and its password.',
  },
  E8008_FORBIDDEN: {
    meaning: 'The system denies reading the file, or the page or token may not use the address.',
    cause: 'Missing permissions on the file, or a page of another origin that calls a control address.',
    remedy: 'Give the user that runs serve8008 the right to read the file.',
  },
  E8008_CLIENT: {
    meaning: 'The address of the client is not one that the rule "allow" admits.',
    cause: 'A client on another machine, or a proxy that the option trust does not name.',
    remedy: "Add the address: allow: ['loopback', '10.0.0.0/8'].",
  },
  E8008_ORIGIN: {
    meaning:
      'A page of another site sent a form, another changing request or an upgrade, which the rule "origin" refuses.',
    cause: 'A page that the rule does not name, a file opened in a browser, or an app with an origin of its own.',
    remedy: "Add its origin: origin: ['same', 'https://app.example.test'].",
  },
  E8008_NOT_FOUND: {
    meaning: 'There is no file at this address, or it is one that serve8008 never serves.',
    cause: 'A typing error, another folder than expected, a page of a single-page app, or a name such as .env.',
    remedy: 'serve8008 explain PATH says what answers it; --single answers pages of a single-page app.',
  },
  E8008_METHOD: {
    meaning: 'The address does not answer to this method: files answer GET, HEAD and OPTIONS.',
    cause: 'A form or an API call was sent to the static server.',
    remedy: 'Forward the path to an upstream: --proxy /api=http://localhost:3000.',
  },
  E8008_TIMEOUT: {
    meaning: 'The request did not arrive in time.',
    cause: 'A slow network, or a client that opened a connection and sent nothing.',
    remedy: 'Send it again; --limit requestMs=600000 allows longer uploads.',
  },
  E8008_PRECONDITION: {
    meaning: 'If-Match or If-Unmodified-Since does not match the current state of the resource.',
    cause: 'The file has changed since the client fetched it.',
    remedy: 'Fetch it again and use its current ETag or Last-Modified.',
  },
  E8008_BODY_READ: {
    meaning: 'A body parser of the embedding program read the content that was to be forwarded.',
    cause: 'express.json() or another parser runs before serve8008.',
    remedy: 'Put serve8008 before the body parsers.',
  },
  E8008_BODY_TOO_LARGE: {
    meaning: 'The request content is larger than limits.bodyBytes.',
    cause: 'A very large upload to a handler or layer that reads it.',
    remedy: 'Raise the limit: --limit bodyBytes=4294967296.',
  },
  E8008_TARGET_TOO_LONG: {
    meaning: 'The request-target is longer than limits.targetBytes.',
    cause: 'A very long query string.',
    remedy: 'Send the data as content, or raise the limit: --limit targetBytes=32768.',
  },
  E8008_RANGE: {
    meaning: 'No part of the requested range lies within the file.',
    cause: 'The file has become shorter since the client fetched the first part.',
    remedy: 'Ask for a range within the length that Content-Range names.',
  },
  E8008_EXPECTATION: {
    meaning: 'Expect asks for something other than 100-continue.',
    cause: 'An unusual client.',
    remedy: 'Leave the Expect field out.',
  },
  E8008_UPGRADE: {
    meaning: 'The address is for WebSockets only, and the request is not a WebSocket handshake.',
    cause: 'The address of live reload was opened as a page, or a proxy removed the Upgrade field.',
    remedy: 'Let the proxy in front forward Upgrade and Connection.',
  },
  E8008_HOST_NOT_ALLOWED: {
    meaning: 'The Host of the request is not a name that this server answers for.',
    cause: 'A name in the hosts file, a tunnel or another proxy; or an attack by DNS rebinding.',
    remedy: 'Allow the name if it is yours: --allow-host my.app.',
  },
  E8008_GUESSES: {
    meaning: 'Too many wrong passwords came from this address; for a while right ones are refused too.',
    cause: 'Someone guesses, or a program keeps old passwords.',
    remedy: 'Wait as long as Retry-After says, or change limits.passwordGuesses and limits.guessMs.',
  },
  E8008_HEADERS_TOO_LARGE: {
    meaning: 'The header section of the request has too many bytes or fields.',
    cause: 'Many cookies of other projects on localhost.',
    remedy: 'Delete the cookies of localhost, or raise the limit: --limit headerBytes=65536.',
  },
  E8008_NOT_IMPLEMENTED: {
    meaning: 'serve8008 does not know the method, the transfer coding or the protocol of an extended CONNECT.',
    cause: 'An unusual client, or a typing error in the method.',
    remedy: 'Use a method of RFC 9110 and no transfer coding but chunked.',
  },
  E8008_BUSY: {
    meaning: 'The server cannot take the request now: a limit of open files or pages is reached, or it is closing.',
    cause: 'The limit of open files is low, or many tabs are open.',
    remedy: 'Raise the limit of open files (ulimit -n 8192) or close some pages.',
  },
  E8008_UPSTREAM_REFUSED: {
    meaning: 'Nothing listens at the address of the upstream.',
    cause: 'The upstream does not run, or listens on another port or address.',
    remedy: 'Start the upstream, or correct its address: --proxy /api=http://localhost:3000.',
  },
  E8008_UPSTREAM_UNREACHABLE: {
    meaning: 'The name of the upstream has no address, or the network has no route to it.',
    cause: 'A typing error, a VPN that is off, or the name of a container outside of its network.',
    remedy: 'Check the name; for a container use localhost and the port that it publishes.',
  },
  E8008_UPSTREAM_FORBIDDEN: {
    meaning:
      'The name of the upstream has a link-local or unspecified address, or Destination lies outside of the route.',
    cause: 'A name that resolves to 169.254.169.254 or 0.0.0.0, or a WebDAV client that copies across routes.',
    remedy:
      'Write the IP address into the route if you mean it; add to aliases of the route a name of the upstream that ' +
      'Destination has.',
  },
  E8008_UPSTREAM_TLS: {
    meaning: 'The certificate of the upstream is not trusted or for another name, or the upstream does not speak TLS.',
    cause:
      'A self-signed certificate, a name that it does not hold, or https:// in the route of a server for plain HTTP.',
    remedy:
      "In a config file: '/api': { to: …, tls: { ca: 'ca.pem' } }, and servername in tls for another name. On the command " +
      'line: NODE_EXTRA_CA_CERTS=ca.pem serve8008 …; for an upstream that is another serve8008, the file is that of ' +
      'serve8008 trust --ca.',
  },
  E8008_UPSTREAM_RESET: {
    meaning: 'The upstream closed the connection before its reply was complete.',
    cause:
      'It crashed or restarted, it speaks TLS and the route has http://, or it cannot read chunked content, as Django under ' +
      'runserver.',
    remedy:
      'See its own log; if it speaks TLS, write https:// in the route; for chunked content set buffer: true there.',
  },
  E8008_UPSTREAM_PROTOCOL: {
    meaning: 'The reply of the upstream is not valid HTTP, or its header section is too large.',
    cause: 'Another protocol, such as that of a database, uses the port.',
    remedy:
      'Correct the address or the scheme (https://, h2c://) of the upstream, or raise the limit: --limit replyHeaderBytes=1048576.',
  },
  E8008_UPSTREAM_BUSY: {
    meaning:
      'Every connection to the upstream that this client may use is busy, and too many requests wait, or this one for too long.',
    cause: 'Requests to the upstream hang, or one client sends very many at once.',
    remedy: 'See why the upstream is slow, or allow more: --limit upstreamConnections=2048, queuedRequests, queueMs.',
  },
  E8008_UPSTREAM_UNAVAILABLE: {
    meaning: 'No upstream of the route can take the request, or this server is closing.',
    cause: 'All upstreams fail their health checks or refused connections.',
    remedy: 'Start an upstream; serve8008 tries it again by itself.',
  },
  E8008_UPSTREAM_TIMEOUT: {
    meaning: 'The upstream took longer than --timeout or the timeouts of the route allow.',
    cause: 'A slow request, or a debugger that has stopped the upstream.',
    remedy: 'Allow more time: --timeout 5m, or timeouts of the route.',
  },
  E8008_UPSTREAM_LOOP: {
    meaning: 'The request came back to this server: the upstream of the route is this server itself.',
    cause: 'The route names the port of serve8008, directly or through another proxy.',
    remedy: 'Correct the port of the upstream in the route.',
  },
  E8008_HTTP_VERSION: {
    meaning: 'serve8008 speaks HTTP/1.1, HTTP/1.0 and, on its own ports, HTTP/2. The request uses another version.',
    cause: 'A very old client, or node:http2 in front of server.handler.',
    remedy: 'Let serve8008 listen itself: createServer({ tls: true }).',
  },
}
