/** What the build draws help and man pages with (.config/build.mjs, .config/man.mjs). */
export {drawHelp, wrapCommand} from './draw-help.ts'
export {helpPage, welcomePage} from './help-page.ts'
