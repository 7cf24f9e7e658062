// The whole record as a form. If somebody else saved meanwhile, what does not collide is kept from both; what does is asked.
import { useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useMemo, useRef, useState, type FormEvent } from 'react'
import { flushSync } from 'react-dom'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client'
import { read, update } from '../../api/endpoints'
import type { ObjectDescribe, RecordAnswer, RecordType, Values } from '../../api/types'
import { ConflictDialog } from '../form/ConflictDialog'
import { FormSections } from '../form/FormSections'
import { changedValues, findConflicts, formSections, type Conflict } from '../form/formState'
import { saveWithKeys } from '../form/saveWithKeys'
import { UnsavedGuard } from '../form/UnsavedGuard'
import { useDuplicates } from '../form/useDuplicates'
import { useRecordForm } from '../form/useRecordForm'
import { useSectionTexts } from '../form/useSectionTexts'

interface RecordEditorProps {
  record: RecordAnswer
  describe: ObjectDescribe
  recordType: RecordType | null
  focusField: string | null
  onDone: () => void
}

export function RecordEditor({ record, describe, recordType, focusField, onDone }: RecordEditorProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const texts = useSectionTexts()
  // What the edit began with: a background refresh must not shift the ground under what is being typed.
  const base = useRef(record)
  const sections = useMemo(() => formSections(describe, recordType, 'edit', texts), [describe, recordType, texts])
  const form = useRecordForm({ describe, recordType, base: base.current.values, baseLabels: record.labels, sections })
  const [isSaving, setSaving] = useState(false)
  const [isSaved, setSaved] = useState(false)
  const [conflict, setConflict] = useState<{ conflicts: Conflict[]; theirs: RecordAnswer } | null>(null)

  const duplicates = useDuplicates()

  async function write(changes: Values, version: number, allowDuplicates = false) {
    if (Object.keys(changes).length === 0) return finish()
    duplicates.tell(await update(record.id, changes, version, allowDuplicates))
    void client.invalidateQueries({ queryKey: ['list', record.object] })
    void client.invalidateQueries({ queryKey: ['history', record.id] })
    await client.invalidateQueries({ queryKey: ['record', record.id] })
    message.success(t('form.saved'))
    finish()
  }

  function finish() {
    flushSync(() => setSaved(true))
    onDone()
  }

  async function save(allowDuplicates = false) {
    if (isSaving || !form.check()) return
    setSaving(true)
    try {
      await write(changedValues(base.current.values, form.values), base.current.version, allowDuplicates)
    } catch (error) {
      if (error instanceof ApiError && error.isStale) await meet()
      else fail(error)
    } finally {
      setSaving(false)
    }
  }

  /** What is typed is in the form whichever save it was: a save all the same begins anew. */
  function fail(error: unknown) {
    if (!duplicates.ask(error, () => save(true))) form.fail(error)
  }

  /** Somebody else was faster: read what they saved and put both together. */
  async function meet() {
    try {
      const theirs = await read(record.id)
      const mine = changedValues(base.current.values, form.values)
      const conflicts = findConflicts(base.current.values, form.values, theirs.values)
      if (conflicts.length > 0) {
        setConflict({ conflicts, theirs })
        return
      }
      base.current = theirs
      form.replace({ ...theirs.values, ...mine }, theirs.values)
      await write(changedValues(theirs.values, { ...theirs.values, ...mine }), theirs.version)
    } catch (error) {
      fail(error)
    }
  }

  async function resolve(chosen: Values) {
    if (conflict === null) return
    const { theirs } = conflict
    const merged = { ...theirs.values, ...changedValues(base.current.values, form.values), ...chosen }
    base.current = theirs
    form.replace(merged, theirs.values)
    setConflict(null)
    setSaving(true)
    try {
      await write(changedValues(theirs.values, merged), theirs.version)
    } catch (error) {
      fail(error)
    } finally {
      setSaving(false)
    }
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    void save()
  }

  return (
    <form noValidate onSubmit={submit} onKeyDown={saveWithKeys(() => void save())} aria-label={t('record.editForm')}>
      <UnsavedGuard isDirty={form.isDirty && !isSaved} />
      <FormSections
        describe={describe}
        recordType={recordType}
        sections={sections}
        form={form}
        mode="edit"
        focusField={focusField}
      />
      <div className="form-foot">
        <Button type="primary" htmlType="submit" loading={isSaving}>
          {t('action.save')}
        </Button>
        <Button onClick={onDone}>{t('action.cancel')}</Button>
        {form.isDirty && <span className="muted small">{t('form.unsaved')}</span>}
      </div>
      {conflict !== null && (
        <ConflictDialog
          describe={describe}
          conflicts={conflict.conflicts}
          myLabels={form.labels}
          theirLabels={conflict.theirs.labels}
          onResolve={(values) => void resolve(values)}
          onCancel={() => setConflict(null)}
        />
      )}
      {duplicates.dialog}
    </form>
  )
}
