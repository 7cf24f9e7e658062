// A record's fields to read, section by section, each with a pencil where it may be changed.
import { EditOutlined } from '@ant-design/icons'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { FieldDescribe, ObjectDescribe, RecordAnswer, RecordType } from '../../api/types'
import { FieldValue } from '../fields/FieldValue'
import { formatCompound } from '../fields/formatCompound'
import { componentsOf, detailSections } from '../form/formState'
import { useSectionTexts } from '../form/useSectionTexts'
import { isMaskedAt, maskedParts } from '../masks/masks'
import { RevealButton } from '../masks/RevealButton'
import { RECORD_TYPE } from '../systemFields'
import { useReader } from '../fields/useReader'

interface DetailSectionsProps {
  record: RecordAnswer
  describe: ObjectDescribe
  recordType: RecordType | null
  onEdit: ((field: string) => void) | null
}

export function DetailSections({ record, describe, recordType, onEdit }: DetailSectionsProps) {
  const { t } = useTranslation()
  const reader = useReader()
  const texts = useSectionTexts()
  const sections = useMemo(() => detailSections(describe, recordType, texts), [describe, recordType, texts])

  function value(field: FieldDescribe) {
    if (field.name === RECORD_TYPE) return <>{recordType?.label ?? record.labels[RECORD_TYPE] ?? '—'}</>
    if (field.type === 'address' || field.type === 'geolocation') {
      const text = formatCompound(field, componentsOf(describe, field), record.values, reader.language)
      return text === '' ? <span className="blank">—</span> : text
    }
    return (
      <FieldValue
        field={field}
        value={record.values[field.name]}
        label={record.labels[field.name]}
        isMasked={isMaskedAt(record, field.name)}
      />
    )
  }

  return (
    <>
      {sections.map((section, index) => (
        <section key={`${section.label}-${index}`} className="detail-section" aria-label={section.label}>
          <h2>{section.label}</h2>
          <dl className={`details details-${Math.min(2, section.columns)}`}>
            {section.fields.map((name) => {
              const field = describe.fields[name]
              if (field === undefined) return null
              const mayEdit = field.updateable || componentsOf(describe, field).some((part) => part.updateable)
              return (
                <div key={name} className="detail" onDoubleClick={() => mayEdit && onEdit?.(name)}>
                  <dt>{field.label}</dt>
                  <dd>
                    {value(field)}
                    {!record.is_deleted && (
                      <RevealButton record={record} field={field} parts={maskedParts(record, describe, field)} />
                    )}
                    {mayEdit && onEdit !== null && (
                      <button
                        type="button"
                        className="pencil"
                        aria-label={t('record.editField', { field: field.label })}
                        onClick={() => onEdit(name)}
                      >
                        <EditOutlined aria-hidden />
                      </button>
                    )}
                  </dd>
                </div>
              )
            })}
          </dl>
        </section>
      ))}
    </>
  )
}
