// The fields of a record that its process shows to who decides, each as its type is read.
import type { PendingRequest } from '../api/approvals'
import { useDescribe } from '../api/queries'
import type { FieldDescribe, FieldJson } from '../api/types'
import { blankField } from '../records/fields/blankField'
import { FieldValue } from '../records/fields/FieldValue'

type Shown = PendingRequest['record']['fields'][number]

export function ShownFields({ object, fields }: { object: string; fields: Shown[] }) {
  if (fields.length === 0) return null
  return (
    <dl className="compact-fields">
      {fields.map((each) => (
        <div key={each.path}>
          <dt>{each.label}</dt>
          <dd>
            <ShownValue object={object} shown={each} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

function ShownValue({ object, shown }: { object: string; shown: Shown }) {
  const [step, ...rest] = shown.path.split('.')
  const describe = useDescribe(object)
  const parent = Object.values(describe.data?.fields ?? {}).find(
    (field) => rest.length > 0 && field.relationship_name === step,
  )
  const related = useDescribe(rest.length === 1 ? parent?.references[0] : undefined)
  const field = rest.length === 0 ? describe.data?.fields[shown.path] : related.data?.fields[rest[0] ?? '']
  return <FieldValue field={readable(field, shown)} value={shown.value} mayCall={false} />
}

/** An id says nothing to anybody, and what type it has is not known of a path that the user may not follow. */
function readable(field: FieldDescribe | undefined, shown: { label: string; path: string; value: FieldJson }) {
  if (field !== undefined && field.references.length === 0) return field
  return blankField(shown.path, shown.label, typeof shown.value === 'boolean' ? 'checkbox' : 'text')
}
