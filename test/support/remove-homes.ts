import {afterAll} from 'vitest'
import {removeHomes} from './run-vpcmd.ts'

// Once for each file of tests, also where they share what is loaded.
afterAll(removeHomes)
