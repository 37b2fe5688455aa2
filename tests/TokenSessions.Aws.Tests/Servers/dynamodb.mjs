// Runs a DynamoDB server on a free loopback port, prints which one and its address, and ends it when standard input ends:
// whoever started this may crash or be killed, and nothing stays behind. `node dynamodb.mjs dynalite` insists on dynalite.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const host = '127.0.0.1'
const binary = fileURLToPath(new URL('../node_modules/@dynoxide/linux-x64/dynoxide', import.meta.url))
const binaryRuns = process.platform === 'linux' && process.arch === 'x64' && existsSync(binary)
const attempts = 5 // Somebody else may take a port between our finding it free and the server's opening it.

const freePort = () => new Promise((resolve, reject) => {
  const probe = createServer().on('error', reject).listen(0, host, () => {
    const { port } = probe.address()
    probe.close(() => resolve(port))
  })
})

const isReady = (address) => fetch(address).then((answer) => answer.ok, () => false)
const pause = () => new Promise((resolve) => setTimeout(resolve, 5))

async function dynoxide () {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const port = await freePort()
    const address = `http://${host}:${port}`
    const server = spawn(binary, ['serve', '--host', host, '-p', String(port)], { stdio: ['ignore', 'ignore', 'inherit'] })
    let ended = false
    server.on('exit', () => { ended = true }).on('error', () => { ended = true })
    process.on('exit', () => server.kill('SIGKILL'))
    while (!ended && !(await isReady(address))) await pause()
    if (!ended) {
      server.on('exit', () => process.exit(1))
      return address
    }
  }
  throw new Error(`dynoxide ended at once, ${attempts} times.`)
}

const dynalite = () => new Promise((resolve, reject) => {
  const server = createRequire(import.meta.url)('dynalite')({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
  server.on('error', reject).listen(0, host, () => resolve(`http://${host}:${server.address().port}`))
})

process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume()
const run = binaryRuns && process.argv[2] !== 'dynalite' ? dynoxide : dynalite
console.log(run.name, await run())
