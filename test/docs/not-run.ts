/** Lines and blocks of the documentation that no test runs, each with the reason. */
export const notRun: readonly (readonly [RegExp, string])[] = [
  [/^npm (?:ci|install) ?/, 'installs packages or runs this very suite'],
  [/^docker /, 'needs a Docker daemon and an image; the command of the image is read'],
  [/^systemd-socket-activate /, 'needs systemd: test/cli/terminal.test.ts hands over a socket as it does'],
  [
    /^serve8008 (?:trust|untrust)(?: --renew| --browsers-only)? +#/,
    'changes the stores of this machine: test/cli/trust.test.ts',
  ],
  [/^serve8008 doctor\b/, 'its exit code says something about this machine: test/cli/doctor.test.ts'],
  [
    /^(?:npx (?:vite|webpack serve|next dev)|python3 manage\.py|bin\/rails|catalina\.sh|php -S|jupyter|ollama serve)/,
    'starts another program: those that can be installed are in test/peers',
  ],
  [/^(?:# settings\.py|<Valve|<script type="module">)/, 'a part of another program: test/peers has it'],
  [/^12:00:07 +live style\.css/, 'needs a page in a browser: test/browser/live.test.ts'],
  [/^Port 3000 is in use by node/, 'needs a program on port 3000: test/cli/serving.test.ts'],
]

/** Why a line, or a block that begins with it, is not run; undefined where it is. */
export function reasonNotToRun(text: string): string | undefined {
  return notRun.find(([pattern]) => pattern.test(text))?.[1]
}
