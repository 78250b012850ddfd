import type {Trial} from '../trial.ts'
export const fieldsTrials: Trial[] = []
