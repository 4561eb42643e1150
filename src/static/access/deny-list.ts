import { isAnyText, isDerKey, latin1, mayBeSecretKey, mayBeSecretOpenPgp, startsWith } from '../files/first-bytes.ts'

/** One line of the deny list. Names are in lower case. */
export interface DenyRule {
  /** The kind of file, for the log. */
  readonly what: string
  /** Whether folders of that name are hidden too. Rules by extension are about files only. */
  readonly folders: boolean
  /**
   * For an ambiguous name: whether the first bytes of the file (undefined if unknown) and its size confirm the rule.
   */
  readonly confirms?: (head: Uint8Array | undefined, size: number) => boolean
}

type Check = (head: Uint8Array, size: number) => boolean

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

function ofFiles(what: string): DenyRule {
  return { what, folders: false }
}

/** A rule for a name that is hidden unless the content shows that it is something else. */
function unless(what: string, mayBe: Check): DenyRule {
  return { what, folders: false, confirms: (head, size) => head === undefined || mayBe(head, size) }
}

/** A rule for a name that is served unless the content shows that it is a secret. */
function where(what: string, is: Check): DenyRule {
  return { what, folders: false, confirms: (head, size) => head !== undefined && is(head, size) }
}

function holds(text: string): Check {
  return (head) => latin1(head).includes(text)
}

const privateKey = ofFiles('private key')
const credentials = ofFiles('credentials')
const credentialFolder: DenyRule = { what: 'credentials', folders: true }
const backup = ofFiles('backup')
const history = ofFiles('history of commands')
const memory = ofFiles('memory of a program')
const traffic = ofFiles('recorded traffic')
const database = ofFiles('database of a program')
const infrastructure = ofFiles('state of infrastructure')

/**
 * Rules by extension. These are missing because they are published: certificates (`.crt`, `.cer`), signatures (`.sig`,
 * `.minisig`), public keys (`.pub`), profiles that phones install (`.mobileconfig`), data for pages (`.sqlite`, `.db`,
 * `.mbtiles`), profiles without values (`.cpuprofile`).
 */
export const extensionRules: ReadonlyMap<string, DenyRule> = new Map<string, DenyRule>([
  ...rows(privateKey, 'pem p8 pk8 p12 pfx pkcs12 jks jceks bks bcfks keystore keytab ppk pvk snk skr private_key'),
  ...rows(unless('private key', mayBeSecretKey), 'key'),
  ...rows(where('private key', isDerKey), 'der'),
  ...rows(unless('private key', mayBeSecretOpenPgp), 'gpg pgp'),
  ...rows(
    where('private key', (head) => /-----BEGIN PGP PRIVATE KEY BLOCK-----/.test(latin1(head))),
    'asc',
  ),
  ...rows(ofFiles('password store'), 'kdb kdbx psafe3 agilekeychain opvault 1pux keychain keychain-db kwallet gnucash'),
  ...rows(unless('credentials', isAnyText), 'env dotenv'),
  ...rows(credentials, 'ovpn tblk rdg rdp remmina publishsettings azureprofile creds secret pgpass htpasswd htdigest'),
  ...rows(infrastructure, 'tfvars tfstate tfplan'),
  ...rows(backup, 'orig rej backup bkp dpkg-old dpkg-new dpkg-dist rpmsave rpmnew rpmorig ucf-old kate-swp'),
  ...rows(memory, 'hprof phd heapsnapshot heapdump mdmp'),
  ...rows(
    where(memory.what, (head) => startsWith(head, 'MDMP') || startsWith(head, 'PAGE')),
    'dmp',
  ),
  ...rows(traffic, 'har pcap pcapng saz chls chlsj'),
])

/** Rules by the whole name. */
export const nameRules: ReadonlyMap<string, DenyRule> = new Map<string, DenyRule>([
  ...rows(
    credentialFolder,
    `.ssh .gnupg .aws .azure .kube .docker .gem .cargo .terraform .terraform.d .bundle .chef .vagrant .minikube .oci
    .aliyun .kaggle .huggingface .password-store .mozilla .thunderbird .purple .pki .vnc .electrum .bitcoin .ethereum
    .subversion .gsutil .gcloud .doctl .fly .linode-cli .bluemix .secrets .serverless .pulumi .terragrunt-cache
    .elasticbeanstalk .cloudflared .ngrok2 .android .keychain .netlify .bash_sessions .zsh_sessions`,
  ),
  ...rows(
    credentials,
    `.npmrc .yarnrc .yarnrc.yml .pypirc .netrc _netrc .pgpass .my.cnf .mylogin.cnf .htpasswd .htdigest .git-credentials
    .gitconfig .hgrc .dockercfg .dockerconfigjson .s3cfg .boto .passwd-s3fs .terraformrc terraform.rc .vault-token
    .vault_pass .vault_password .vault-password .curlrc .wgetrc .msmtprc .esmtprc .fetchmailrc .muttrc .lftprc .ftpconfig
    .remote-sync.json .tugboat .trc .rhosts .shosts .smbcredentials .smbpasswd .xauthority .iceauthority .flaskenv
    .databrickscfg .snowsql .rclone.conf rclone.conf .openrc openrc.sh .credentials .credentials.json .secret .token
    .password .passwd .claude.json .databases.yml credentials credentials.xml credentials.yml
    credentials.yaml credentials.toml credentials.ini credentials.properties secrets.json secrets.yml secrets.yaml
    secrets.toml secrets.ini secrets.properties secret_token.rb passwords.txt passwords.csv passwd shadow htpasswd
    pgpass.conf netrc npmrc pypirc dockercfg s3cfg git-credentials boto.cfg aws_credentials aws-credentials password.txt
    passwords.json passwords.xlsx nuget.config pip.conf pip.ini ngrok.yml cloudflare.ini keystore.properties
    signing.properties sentry.properties .sentryclirc adbkey wallet.dat local.settings.json sftp-config.json sftp.json ftpconfig filezilla.xml recentservers.xml sitemanager.xml
    winscp.ini robomongo.json credentials-config.json .dbeaver-data-sources.xml localsettings.php config.inc.php
    wp-config.php web.config proftpdpasswd token.pickle rootkey.csv accesskeys.csv login.keychain secring.gpg`,
  ),
  ...rows(
    history,
    `.history .histfile .sh_history .bash_history .zsh_history .zhistory fish_history .fish_history .ksh_history
    .tcsh_history .ash_history .psql_history .mysql_history .mariadb_history .sqlite_history .rediscli_history
    .mongo_history .dbshell .mongosh_repl_history .node_repl_history .ts_node_repl_history .python_history .irb_history
    .pry_history .php_history .scala_history .rhistory .octave_hist .gdb_history .lesshst .viminfo _viminfo .wget-hsts
    .units_history consolehost_history.txt bash_history zsh_history mysql_history psql_history`,
  ),
  ...rows(
    database,
    `db.sqlite3 database.sqlite development.sqlite3 production.sqlite3 test.sqlite3 dump.rdb appendonly.aof key3.db key4.db
    logins.json signons.sqlite cookies.sqlite formhistory.sqlite cookies`,
  ),
])

/** Rules by a part of the name. The first match counts. */
export const patternRules: readonly (readonly [names: RegExp, rule: DenyRule])[] = [
  [/^\.env/, credentialFolder],
  [/^\.(?:dev|prod|staging)\.vars/, credentials],
  [/^id_(?:rsa|dsa|ecdsa|ed25519|xmss)/, privateKey],
  [/^ssh_host_.*_key$/, privateKey],
  [
    /(?:[_.-](?:rsa|dsa|ecdsa|ed25519)|(?:private|deploy|ssh)[._-]?key(?:\.txt)?)$/,
    where('private key', holds('PRIVATE KEY')),
  ],
  // Numbered and dated copies of a key. Not pages about keys.
  [
    /^(?!.*\.(?:html?|mdx?)$).*(?:\.(?:pem|key|p8)[._-]|key(?:\.pem)?\.txt$)/,
    where('private key', (head) => /^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(latin1(head))),
  ],
  [/^utc--\d{4}-\d\d-/, privateKey],
  [/^env\.(?:local|dev|development|prod|production|staging)$/, credentials],
  [/\.env\.(?:local|dev|development|prod|production|staging|test)$/, unless('credentials', isAnyText)],
  [/^\.vault[_-]pass(?:word)?\./, credentials],
  [/^wp-config[.-].*php/, credentials],
  [/^wg.*\.conf$/, credentials],
  [/service.?account.*\.json$/, credentials],
  [/^client_?secrets?.*\.json$/, credentials],
  [/firebase-adminsdk.*\.json$/, credentials],
  // Keys of service accounts have any name, and a known content.
  [
    /(?:key|account|creds?|credentials?|admin|gcp|gcloud|google|firebase).*\.json$/,
    where('credentials', holds('"private_key"')),
  ],
  [
    /^(?:admin|super-admin|kubelet|scheduler|controller-manager)\.conf$/,
    where('credentials', holds('certificate-authority-data')),
  ],
  [/cookies\.txt$/, where('credentials', (head) => /^# (?:Netscape )?HTTP Cookie File/i.test(latin1(head)))],
  [/^gha-creds-.*\.json$/, credentials],
  [/(?:^|[._-])credentials\.(?:json|csv)$/, credentials],
  [/(?:^|[._-])accesskeys\.csv$/, credentials],
  // Not pages, images or sources about them.
  [/^(?!.*\.(?:html?|mdx?|[cm]?[jt]sx?|css|svg|png|pdf)$)(?:.*[._-])?kubeconfig(?:[._-].*)?$/, credentials],
  [/^serve8008\.config\.(?:[cm]?[jt]s|json)$/, ofFiles('settings of serve8008')],
  [/\.tfstate\.(?!(?:md|html|example)$)|\.tfvars\.(?:json|backup)$/, infrastructure],
  [/\.(?:db3?|sqlite3?|gpkg|mbtiles)-(?:wal|shm|journal)$/, database],
  // Swap files of Vim begin with a dot unless its settings say otherwise; `.swf` and `.swc` of Flash do not.
  [/^\.(?:.*\.)?sw[a-p]$/, backup],
  [/\.sw[a-p]$/, where('backup', (head) => startsWith(head, 'b0VIM '))],
  [/~$|^#.*#$|\.(?:bak|old)\d*$/, backup],
  // nano appends `.save` to the whole name: `index.php.save`. A game saves `slot1.save`, which is no backup.
  [/.\.[a-z]\w*\.save(?:\.\d+)?$/, backup],
  [/^core(?:\.\d+)?$/, where(memory.what, (head) => startsWith(head, '\x7fELF'))],
]

/** Number of names at the end of a path that {@link pathRules} match. */
export const pathRuleNames = 6

/** Rules by the last names of a path, for files that are a secret only in that folder. */
export const pathRules: readonly (readonly [path: RegExp, rule: DenyRule])[] = [
  // Submodules and worktrees have their own settings. The address of a remote may have a password.
  [
    /(?:^|\/)[^/]*\.git\/(?:modules\/.+\/|worktrees\/[^/]+\/)?(?:config(?:\.worktree|\.lock)?|credentials)$/,
    credentials,
  ],
  [/(?:^|\/)\.hg\/hgrc$/, credentials],
  [/(?:^|\/)\.svn\/auth$/, credentialFolder],
  [
    /(?:^|\/)\.config\/(?:gcloud|gh|hub|glab-cli|rclone|doctl|op|github-copilot|configstore|hcloud|scw|sops|flyctl|stripe|heroku|git|pip)$/,
    credentialFolder,
  ],
  [/(?:^|\/)\.(?:composer|config\/composer)\/auth\.json$/, credentials],
  [/(?:^|\/)\.codex\/auth\.json$/, credentials],
  [/(?:^|\/)\.gemini\/oauth_creds\.json$/, credentials],
  [/(?:^|\/)\.git\/git-crypt$/, credentialFolder],
  [/(?:^|\/)\.streamlit\/secrets\.toml$/, credentials],
  [/(?:^|\/)\.vscode\/sftp\.json$/, credentials],
  [/(?:^|\/)\.idea\/(?:datasources(?:\.local)?|webservers|deployment)\.xml$/, credentials],
  [/(?:^|\/)\.local\/share\/(?:keyrings|fish)$/, credentialFolder],
  [/(?:^|\/)\.m2\/settings(?:-security)?\.xml$/, credentials],
  [/(?:^|\/)\.gradle\/gradle\.properties$/, credentials],
  [/(?:^|\/)\.nuget\/nuget\.config$/, credentials],
]

function rows(rule: DenyRule, names: string): [string, DenyRule][] {
  return words(names).map((name) => [name, rule])
}
