// The second step: which column fills which field, and what is the same for all rows.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Import, Preview } from '../api/imports'
import type { ObjectDescribe } from '../api/types'
import { ColumnRow } from './ColumnRow'
import { Constants } from './Constants'
import {
  draftOf,
  importableFields,
  mappingOf,
  missingFields,
  NOWHERE,
  repeatedFields,
  suggestedDraft,
  targeted,
  type ColumnDraft,
} from './mapping'
import { useChangeImport } from './useImport'

interface MappingStepProps {
  job: Import
  preview: Preview
  describe: ObjectDescribe
  onSent: () => void
  onOtherFile: () => void
}

export function MappingStep({ job, preview, describe, onSent, onOtherFile }: MappingStepProps) {
  const { t } = useTranslation()
  const change = useChangeImport(job.id)
  const [draft, setDraft] = useState(() =>
    job.mapping === null
      ? suggestedDraft(describe, job.operation, preview.columns)
      : draftOf(describe, job.mapping, preview.columns),
  )
  const fields = importableFields(describe, job.operation)
  const label = (name: string) => describe.fields[name]?.label ?? name
  const missing = missingFields(describe, job, draft)
  const repeated = repeatedFields(draft)
  const used = Object.values(draft.columns).filter((each) => each.field !== null).length
  const isReady = used > 0 && repeated.length === 0
  const check = () => change.mutate({ mapping: mappingOf(describe, draft), action: 'check' }, { onSuccess: onSent })
  const setColumn = (name: string, column: ColumnDraft) =>
    setDraft((current) => ({ ...current, columns: { ...current.columns, [name]: column } }))

  return (
    <section className="form-section draft-form" aria-labelledby="import-mapping">
      <div className="row">
        <h2 id="import-mapping" className="push-left">
          {t('imports.mapTitle', { used, count: preview.columns.length })}
        </h2>
        <Button
          size="small"
          onClick={() =>
            setDraft((current) => ({
              ...current,
              columns: Object.fromEntries(preview.columns.map((each) => [each.name, NOWHERE])),
            }))
          }
        >
          {t('imports.clear')}
        </Button>
        <Button size="small" onClick={() => setDraft(suggestedDraft(describe, job.operation, preview.columns))}>
          {t('imports.suggest')}
        </Button>
      </div>
      <p className="muted">{t('imports.mapLead')}</p>
      <ul className="map-columns">
        {preview.columns.map((column, at) => (
          <ColumnRow
            key={column.name}
            id={`column-${at}`}
            column={column}
            draft={draft.columns[column.name] ?? NOWHERE}
            describe={describe}
            fields={fields}
            onChoose={(name) => setColumn(column.name, targeted(name === null ? undefined : describe.fields[name]))}
            onChange={(next) => setColumn(column.name, next)}
          />
        ))}
      </ul>
      <Constants
        describe={describe}
        fields={fields.filter((field) => field.name !== 'Id')}
        taken={Object.values(draft.columns).map((each) => each.field)}
        values={draft.constants}
        onChange={(constants) => setDraft((current) => ({ ...current, constants }))}
      />
      <div className="stack" aria-live="polite">
        {repeated.length > 0 && (
          <Alert type="error" showIcon title={t('imports.repeated', { fields: repeated.map(label).join(t('imports.and')) })} />
        )}
        {missing.length > 0 && (
          <Alert
            type="warning"
            showIcon
            title={t('imports.missing', { fields: missing.map((each) => each.label).join(t('imports.and')) })}
          />
        )}
      </div>
      <div className="row">
        <Button type="primary" disabled={!isReady} loading={change.isPending} onClick={check}>
          {t('imports.check')}
        </Button>
        <span className="muted">{t('imports.checkHint')}</span>
        <Button className="push-right" onClick={onOtherFile}>
          {t('imports.otherFile')}
        </Button>
      </div>
    </section>
  )
}
