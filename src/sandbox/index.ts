export {type Amount, type Fault, type FaultKind, parseFailingStarts, parseFault} from './core/faults.ts'
export {resetSandbox} from './core/state.ts'
export type {
  AccountSummary,
  BareMetalSummary,
  Downtime,
  Fleet,
  InstanceSummary,
  NewBareMetal,
  NewInstance,
  NewTemplate,
  Seed,
  Seeded,
  SeenRequest,
  Tags,
  TemplateSummary,
} from './fleet/public-types.ts'
export {auditorName, linkedProfile, type TrustedProfile, unlinkedProfile} from './iam/trusted-profiles.ts'
export {
  checkBindable,
  type MetadataAddress,
  type MetadataBinding,
  type MetadataOptions,
} from './imds/metadata-options.ts'
export {type Sandbox, type SandboxOptions, startSandbox} from './sandbox.ts'
