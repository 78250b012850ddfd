// Preloaded into what is measured: writes the peak memory of the process, in kilobytes, where the benchmark asks for it.
const {appendFileSync, readFileSync} = require('node:fs')

// maxRSS also counts what the process that started this one took, where the system says it in no other way.
function peak() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1])
  } catch {
    return process.resourceUsage().maxRSS
  }
}

process.on('exit', () => appendFileSync(process.env.BENCH_MEMORY_FILE, `${peak()}\n`))
