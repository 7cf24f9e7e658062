// The request of one stage's column: the list's own conditions and the stage.
import type { ListRequest, ObjectDescribe, Path, Stage } from '../../api/types'

export function stageRequest(describe: ObjectDescribe, path: Path, request: ListRequest, stage: Stage): ListRequest {
  const columns = [...new Set([describe.name_field, ...request.columns, ...stage.key_fields, path.field])].filter(
    (column) => column.includes('.') || column in describe.fields,
  )
  const number = request.filters.length + 1
  return {
    ...request,
    columns,
    filters: [...request.filters, { field: path.field, operator: '=', value: stage.value }],
    logic: request.logic ? `(${request.logic}) AND ${number}` : null,
    limit: 25,
  }
}
