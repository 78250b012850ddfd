// Preloaded into what is measured: writes the peak memory of the process, in kilobytes, where the benchmark asks for it.
const {appendFileSync} = require('node:fs')

process.on('exit', () => appendFileSync(process.env.BENCH_MEMORY_FILE, `${process.resourceUsage().maxRSS}\n`))
