import { only, printingFlags, type CommandDefinition } from './definition.ts'

export const certCommand: CommandDefinition = {
  command: 'cert <name..>',
  describe: 'write a certificate of the local authority for another program',
  flags: [
    {
      ...only('out', ['o'], 'Folder for the two files; by default this one.'),
      kind: 'value',
      valueName: 'DIR',
      isPath: true,
    },
    ...printingFlags,
  ],
  usage: [['serve8008 cert NAME [NAME]', 'one certificate for all of these names and addresses']],
  examples: [
    ['serve8008 cert app.localhost', 'app.localhost.pem, app.localhost-key.pem'],
    ['serve8008 cert app.test 10.0.0.5 --out tls', 'below ./tls, for a name and an address'],
    ["serve8008 cert '*.app.test'", 'for every name one level below'],
  ],
  notes: [
    'For names below .localhost, .local, .test, .internal and .home.arpa, and for private addresses.',
    'It is valid for 396 days. The same command renews it; other files are never overwritten.',
  ],
  row: ['serve8008 cert app.localhost', 'write a certificate for another program'],
  async handler(command, program, report) {
    const { cert } = await import('./write-certificate.ts')
    return cert(command, program, report)
  },
}
