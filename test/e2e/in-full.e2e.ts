// What `npm test` runs in one shell, with few processes, or in part.
import '../commands/metadata-collect.test.ts'
import '../imds/script.test.ts'
import '../process-lock.test.ts'
