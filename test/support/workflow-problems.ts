import {NoOperationTraceWriter, parseWorkflow} from '@actions/workflow-parser'
import {convertWorkflowTemplate} from '@actions/workflow-parser/model/convert'

/**
 * What GitHub's own reader of workflows has against one. Bundle this file and import that: the reader imports JSON in a way
 * that only bundlers take.
 */
export async function workflowProblems(content: string): Promise<string[]> {
  const {context, value} = parseWorkflow({name: 'workflow.yml', content}, new NoOperationTraceWriter())
  if (value) await convertWorkflowTemplate(context, value)
  return context.errors.getErrors().map(({message}) => message)
}
