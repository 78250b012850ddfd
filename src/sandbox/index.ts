export type {SeenRequest} from './core/environment.ts'
export {resetSandbox} from './core/state.ts'
export {type Amount, type Fault, type FaultKind, parseFault} from './core/trouble.ts'
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
  Tags,
  TemplateSummary,
} from './fleet/public-types.ts'
export {auditorName, linkedProfile, type TrustedProfile, unlinkedProfile} from './iam/trusted-profiles.ts'
export type {MetadataAddress, MetadataBinding, MetadataOptions} from './imds/metadata-options.ts'
export {checkBindable} from './imds/metadata-options.ts'
export {type Sandbox, type SandboxOptions, startSandbox} from './sandbox.ts'
export {parseFailingStarts} from './vpc/instance-actions.ts'
