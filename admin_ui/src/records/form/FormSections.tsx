// The sections of a form, drawn from the layout; compound fields show their parts as one group.
import Alert from 'antd/es/alert'
import { useTranslation } from 'react-i18next'
import type { FieldDescribe, Language, ObjectDescribe, RecordType, Section } from '../../api/types'
import { FieldInput } from '../fields/FieldInput'
import { errorId, FieldRow } from '../fields/FieldRow'
import { RecordTypeInput } from '../fields/RecordTypeInput'
import { RECORD_TYPE } from '../systemFields'
import { askedComponents } from './formState'
import type { RecordForm } from './useRecordForm'

interface FormSectionsProps {
  describe: ObjectDescribe
  recordType: RecordType | null
  sections: Section[]
  form: RecordForm
  mode: 'create' | 'edit'
  focusField?: string | null
}

export function FormSections({ describe, recordType, sections, form, mode, focusField = null }: FormSectionsProps) {
  const { t, i18n } = useTranslation()
  const [firstField] = sections[0]?.fields ?? []
  const toFocus = focusField ?? firstField

  const asks = (field: FieldDescribe) => (mode === 'create' ? field.createable : field.updateable)

  /** What only a formula decides is told, not guessed: the save says how it is. */
  function hintOf(field: FieldDescribe): string | undefined {
    if (field.required_when && !field.required) return t('form.requiredWhen')
    if (field.read_only_when && mode === 'edit') return t('form.readOnlyWhen')
    return field.default_formula && mode === 'create' ? t('form.defaultFormula') : undefined
  }

  function control(field: FieldDescribe, isFocused: boolean, label = field.label) {
    const id = `field-${field.name}`
    const errors = form.errors.byField[field.name]
    return (
      <FieldRow
        key={field.name}
        id={id}
        label={label}
        required={field.required && field.type !== 'checkbox'}
        help={field.help}
        hint={hintOf(field)}
        errors={errors}
      >
        {field.name === RECORD_TYPE ? (
          <RecordTypeInput
            id={id}
            value={(form.values[RECORD_TYPE] ?? null) as string | null}
            recordTypes={describe.record_types}
            onChange={(chosen) => form.set(RECORD_TYPE, chosen)}
          />
        ) : (
          <FieldInput
            field={field}
            id={id}
            value={form.values[field.name] ?? null}
            values={form.values}
            recordType={recordType}
            label={form.labels[field.name]}
            isInvalid={errors !== undefined}
            describedBy={errors === undefined ? undefined : errorId(id)}
            autoFocus={isFocused}
            onChange={(value, label) => form.set(field.name, value, label)}
          />
        )}
      </FieldRow>
    )
  }

  return (
    <>
      {form.errors.general.length > 0 && (
        <div className="form-problems" tabIndex={-1}>
          <Alert
            type="error"
            showIcon
            role="alert"
            title={t('form.notSaved')}
            description={
              <ul>
                {form.errors.general.map((text) => (
                  <li key={text}>{text}</li>
                ))}
              </ul>
            }
          />
        </div>
      )}
      {sections.map((section, index) => (
        <section key={`${section.label}-${index}`} className="form-section" aria-label={section.label}>
          <h2>{section.label}</h2>
          <div className={`fields fields-${Math.min(2, section.columns)}`}>
            {section.fields.map((name) => {
              const field = describe.fields[name]
              if (field === undefined) return null
              const parts = askedComponents(describe, field, i18n.language as Language).filter(asks)
              if (parts.length === 0) return control(field, toFocus === name)
              return (
                <fieldset key={name} className={`field-group field-group-${field.type}`}>
                  <legend>{field.label}</legend>
                  {parts.map((part, position) =>
                    control(part, toFocus === name && position === 0, partLabel(field.label, part.label)),
                  )}
                </fieldset>
              )
            })}
          </div>
        </section>
      ))}
    </>
  )
}

/** "Billing address: city" under the heading "Billing address" is just "City". */
function partLabel(whole: string, part: string): string {
  if (!part.startsWith(whole)) return part
  const rest = part.slice(whole.length).replace(/^[\s:：·-]+/, '')
  return rest === '' ? part : rest[0]?.toUpperCase() + rest.slice(1)
}
