#!/usr/bin/env node
// Old Nodes parse this whole file before it can report their version: no syntax newer than `import()` here.
const parts = process.versions.node.split('.').map(Number)

if (parts[0] < 20 || (parts[0] === 20 && parts[1] < 19)) {
  console.error('serve8008 needs Node 20.19 or later; this is Node ' + process.versions.node + '.')
  console.error('E8008_USAGE   try: npx -p node@22 -p serve8008 serve8008')
  process.exitCode = 2
} else {
  // No module.enableCompileCache(): on Node 22 to 26 it gains 7 ms, and keeps every version of an edited config file on the disk.
  void import('../dist/cli/main.js').then(function (command) {
    return command.main()
  })
}
