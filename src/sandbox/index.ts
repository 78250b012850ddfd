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
  TemplateSummary,
} from './fleet-access.ts'
export {parseFailingStarts} from './instance-actions.ts'
export type {MetadataAddress, MetadataBinding, MetadataOptions} from './metadata-service.ts'
export {type Sandbox, type SandboxOptions, startSandbox} from './sandbox.ts'
export {resetSandbox} from './state.ts'
export type {SeenRequest} from './trouble.ts'
export {linkedProfile, type TrustedProfile, unlinkedProfile} from './trusted-profiles.ts'
