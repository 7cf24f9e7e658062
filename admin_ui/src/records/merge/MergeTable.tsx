// The records side by side: one of them stays, and of each field one value.
import { LockOutlined } from '@ant-design/icons'
import Radio from 'antd/es/radio'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { MergeField, MergePreview } from '../../api/merging'
import type { FieldDescribe, ListRecord, ObjectDescribe } from '../../api/types'
import { blankField } from '../fields/blankField'
import { FieldValue } from '../fields/FieldValue'
import { RECORD_TYPE } from '../systemFields'
import { useReader } from '../fields/useReader'
import { formatDateTime } from '../format'
import { tidyName } from '../names'
import { nameOf, sourceOf, type Choices } from './merging'

interface MergeTableProps {
  preview: MergePreview
  describe: ObjectDescribe
  fields: MergeField[]
  choices: Choices
  masterId: string
  onMaster: (id: string) => void
  onChoose: (field: string, id: string) => void
}

export function MergeTable({ preview, describe, fields, choices, masterId, onMaster, onChoose }: MergeTableProps) {
  const { t } = useTranslation()
  return (
    <div className="card scroll-x">
      <table className="plain-table merge-table">
        <thead>
          <tr>
            <th scope="col">{t('merge.field')}</th>
            {preview.records.map((record) => (
              <th key={record.id} scope="col">
                <RecordHead record={record} isMaster={record.id === masterId} onMaster={onMaster} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field.name} className={field.differs ? undefined : 'merge-same'}>
              <th scope="row">
                {field.label}
                {!field.canChoose && field.differs && (
                  <span className="muted small merge-ruled">
                    <LockOutlined aria-hidden /> {t('merge.ruled')}
                  </span>
                )}
              </th>
              {preview.records.map((record) => (
                <td key={record.id} className={sourceOf(field, choices) === record.id ? 'merge-stays' : undefined}>
                  <Choice
                    field={field}
                    shown={describe.fields[field.name] ?? blankField(field.name, field.label, 'text')}
                    record={record}
                    typeLabel={describe.record_types.find((each) => each.id === record.values[RECORD_TYPE])?.label}
                    isChosen={sourceOf(field, choices) === record.id}
                    onChoose={() => onChoose(field.name, record.id)}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface RecordHeadProps {
  record: ListRecord
  isMaster: boolean
  onMaster: (id: string) => void
}

function RecordHead({ record, isMaster, onMaster }: RecordHeadProps) {
  const { t } = useTranslation()
  const reader = useReader()
  const name = tidyName(nameOf(record))
  const changed = record.values.LastModifiedDate
  return (
    <div className="merge-head">
      <Link to={`/r/${record.id}`} target="_blank" className="record-link">
        {name}
      </Link>
      {typeof changed === 'string' && (
        <span className="muted small">
          {t('merge.changed', { date: formatDateTime(changed, reader.language, reader.timeZone) })}
        </span>
      )}
      <Radio
        name="merge-master"
        checked={isMaster}
        aria-label={t('merge.staysName', { name })}
        onChange={() => onMaster(record.id)}
      >
        {t(isMaster ? 'merge.stays' : 'merge.goes')}
      </Radio>
    </div>
  )
}

interface ChoiceProps {
  field: MergeField
  shown: FieldDescribe
  record: ListRecord
  typeLabel: string | undefined
  isChosen: boolean
  onChoose: () => void
}

function Choice({ field, shown, record, typeLabel, isChosen, onChoose }: ChoiceProps) {
  const { t } = useTranslation()
  const value =
    field.name === RECORD_TYPE && typeLabel !== undefined ? (
      <>{typeLabel}</>
    ) : (
      <FieldValue field={shown} value={record.values[field.name]} label={record.labels[field.name]} mayCall={false} />
    )
  if (!field.differs || !field.canChoose) return value
  return (
    <Radio
      name={`merge-${field.name}`}
      checked={isChosen}
      aria-label={t('merge.take', { field: field.label, name: tidyName(nameOf(record)) })}
      onChange={onChoose}
    >
      {value} <span className="merge-of muted small">{tidyName(nameOf(record))}</span>
    </Radio>
  )
}
