// Editing one cell where it stands: Enter saves, Escape leaves; what the server refuses is said right there.
import { CheckOutlined, CloseOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import { useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client'
import { read, update } from '../../api/endpoints'
import type { FieldDescribe, FieldJson, ListRecord, ObjectDescribe, RecordAnswer, Values } from '../../api/types'
import { useErrorText } from '../../frame/useErrorText'
import { FieldInput } from '../fields/FieldInput'
import { errorId } from '../fields/FieldRow'
import { FieldValue } from '../fields/FieldValue'
import { duplicatesIn, maySaveAnyway } from '../form/duplicates'
import { isSame } from '../form/formState'
import { findRecordType } from '../picklists'

interface InlineCellProps {
  field: FieldDescribe
  record: ListRecord
  describe: ObjectDescribe
  /** The record's other values, where the field's choices depend on them. */
  context: Values | null
  onSaved: (value: FieldJson, version: number, label: string | undefined) => void
  onClose: () => void
}

export function InlineCell({ field, record, describe, context, onSaved, onClose }: InlineCellProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const before = record.values[field.name] ?? null
  const [value, setValue] = useState<FieldJson>(before)
  const [label, setLabel] = useState(record.labels[field.name])
  const [error, setError] = useState<string | null>(null)
  const [theirs, setTheirs] = useState<RecordAnswer | null>(null)
  const [mayRepeat, setMayRepeat] = useState(false)
  const [isSaving, setSaving] = useState(false)
  const id = `cell-${record.id}-${field.name}`
  const recordType = findRecordType(describe, record.record_type_id)

  async function save(version: number, allowDuplicates = false) {
    if (isSame(value, before) && theirs === null) return onClose()
    if (field.required && (value === null || value === '')) {
      setError(t('form.missing'))
      return
    }
    setSaving(true)
    setError(null)
    setMayRepeat(false)
    try {
      const sent = { [field.name]: value === '' ? null : value }
      const written = await update(record.id, sent, version, allowDuplicates)
      onSaved(value, written.version, label)
    } catch (failure) {
      if (failure instanceof ApiError && failure.isStale) await meet()
      else refuse(failure)
    } finally {
      setSaving(false)
    }
  }

  function refuse(failure: unknown) {
    const duplicates = duplicatesIn(failure)
    setError(errorText(failure))
    setMayRepeat(duplicates !== null && maySaveAnyway(duplicates))
  }

  /** Somebody saved meanwhile. Only a change of this very field is a question; any other we write on top of. */
  async function meet() {
    try {
      const now = await read(record.id)
      if (isSame(now.values[field.name], before)) {
        const written = await update(record.id, { [field.name]: value === '' ? null : value }, now.version)
        onSaved(value, written.version, label)
      } else {
        setTheirs(now)
      }
    } catch (failure) {
      setError(errorText(failure))
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'Escape') {
      event.stopPropagation()
      onClose()
    }
    const isInList = event.target instanceof HTMLElement && event.target.getAttribute('aria-expanded') === 'true'
    const isMultiline = event.target instanceof HTMLTextAreaElement && !event.ctrlKey && !event.metaKey
    if (event.key === 'Enter' && !isInList && !isMultiline && theirs === null) {
      event.preventDefault()
      void save(record.version)
    }
  }

  return (
    <div
      className="inline-cell"
      role="group"
      aria-label={t('record.editField', { field: field.label })}
      onKeyDown={onKeyDown}
    >
      <div className="inline-cell-row">
        <div className="inline-cell-input">
          <FieldInput
            field={field}
            id={id}
            value={value}
            values={{ ...record.values, ...context, [field.name]: value }}
            recordType={recordType}
            label={label}
            ariaLabel={field.label}
            isInvalid={error !== null}
            describedBy={error === null ? undefined : errorId(id)}
            autoFocus
            onChange={(next, name) => {
              setValue(next)
              if (name !== undefined) setLabel(name)
            }}
          />
        </div>
        <Button
          type="primary"
          icon={<CheckOutlined aria-hidden />}
          aria-label={t('action.save')}
          loading={isSaving}
          onClick={() => void save(theirs?.version ?? record.version)}
        />
        <Button icon={<CloseOutlined aria-hidden />} aria-label={t('action.cancel')} onClick={onClose} />
      </div>
      {error !== null && (
        <div id={errorId(id)} className="field-error" role="alert">
          {error}{' '}
          {mayRepeat && (
            <Button size="small" onClick={() => void save(record.version, true)}>
              {t('duplicate.saveAnyway')}
            </Button>
          )}
        </div>
      )}
      {theirs !== null && (
        <div className="inline-conflict" role="alert">
          <p>{t('conflict.cell')}</p>
          <p>
            {t('conflict.theirs')}:{' '}
            <FieldValue field={field} value={theirs.values[field.name]} label={theirs.labels[field.name]} />
          </p>
          <div className="row-tight">
            <Button size="small" type="primary" onClick={() => void save(theirs.version)}>
              {t('conflict.keepMine')}
            </Button>
            <Button
              size="small"
              onClick={() => onSaved(theirs.values[field.name] ?? null, theirs.version, theirs.labels[field.name])}
            >
              {t('conflict.takeTheirs')}
            </Button>
          </div>
        </div>
      )}
    </div>
  )
}
