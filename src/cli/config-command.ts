import {BaseCommand} from './base-command.ts'

/** A command about the settings of vpcmd itself. */
export abstract class ConfigCommand extends BaseCommand {
  /** As gh and git print their settings: in the format that is set, nobody could read how to set another. */
  static override printsTable = false
  static override toleratesWrongConfig = true
}
