// What `npm test` runs in one shell, and with few processes.
import '../imds/script.test.ts'
import '../process-lock.test.ts'
