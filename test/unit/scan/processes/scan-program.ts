import { isServeError } from '../../../../src/core/serve-error.ts'
import { portOwners } from '../../../../src/scan/scan.ts'

/** Prints the owners of the ports in its argument as JSON, or the code of the error. Bundled, and run by machine.test.ts. */
async function printOwners(): Promise<void> {
  const ports = JSON.parse(process.argv[2] ?? '[]') as number[]
  try {
    console.log(JSON.stringify(await portOwners({ ports })))
  } catch (error) {
    console.log(isServeError(error) ? error.code : String(error))
  }
}

await printOwners()
