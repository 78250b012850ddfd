export {checkBindable} from './bindable.ts'
export {type Amount, type Fault, type FaultKind, parseFault} from './faults.ts'
export type {
  BareMetalSummary,
  Downtime,
  Fleet,
  InstanceSummary,
  NewBareMetal,
  NewInstance,
  NewTemplate,
  Seed,
  Seeded,
  TemplateSummary,
} from './fleet-access.ts'
export {parseFailingStarts} from './instance-actions.ts'
export type {MetadataAddress, MetadataBinding, MetadataOptions} from './metadata-options.ts'
export {type Sandbox, type SandboxOptions, startSandbox} from './sandbox.ts'
export type {SeenRequest} from './seen-request.ts'
export {resetSandbox} from './state.ts'
export {linkedProfile, type TrustedProfile, unlinkedProfile} from './trusted-profiles.ts'
