// What a column's values become: the labels of a picklist are known already, words of the file can be added.
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Modal from 'antd/es/modal'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FileColumn } from '../api/imports'
import type { FieldDescribe } from '../api/types'
import { FieldRow } from '../records/fields/FieldRow'
import { useReader } from '../records/fields/useReader'
import { choicesOf } from './choices'
import type { ColumnDraft } from './mapping'

interface ValuesDialogProps {
  column: FileColumn
  field: FieldDescribe
  draft: ColumnDraft
  onChange: (draft: ColumnDraft) => void
  onClose: () => void
}

export function ValuesDialog({ column, field, draft, onChange, onClose }: ValuesDialogProps) {
  const { t } = useTranslation()
  const [rows, setRows] = useState(() => rowsOf(column, field, draft))
  const [otherwise, setOtherwise] = useState(draft.otherwise)
  const options = choicesOf(field, useReader()) ?? []
  const setRow = (at: number, row: Row) => setRows(rows.with(at, row))

  function take() {
    const values = Object.fromEntries(
      rows.filter(([text, value]) => text.trim() !== '' && value !== '').map(([text, value]) => [text.trim(), value]),
    )
    onChange({ ...draft, values, otherwise })
    onClose()
  }

  return (
    <Modal
      open
      title={t('imports.valuesOf', { column: column.name })}
      okText={t('imports.take')}
      cancelText={t('action.cancel')}
      onOk={take}
      onCancel={onClose}
    >
      <div className="draft-form">
        <p className="muted">{t('imports.valuesLead')}</p>
        <div className="value-list">
          {rows.map(([text, value], at) => (
            <div key={at} className="value-pair">
              <Input
                aria-label={t('imports.inFile', { number: at + 1 })}
                placeholder={t('imports.inFilePlaceholder')}
                value={text}
                onChange={(event) => setRow(at, [event.target.value, value])}
              />
              <Select
                aria-label={t('imports.becomes', { number: at + 1 })}
                placeholder={t('imports.stays')}
                value={value || undefined}
                options={options}
                onChange={(next: string) => setRow(at, [text, next])}
              />
              <Button
                type="text"
                icon={<DeleteOutlined aria-hidden />}
                aria-label={t('imports.removeValue', { number: at + 1 })}
                onClick={() => setRows(rows.toSpliced(at, 1))}
              />
            </div>
          ))}
        </div>
        <div>
          <Button icon={<PlusOutlined aria-hidden />} onClick={() => setRows([...rows, ['', '']])}>
            {t('imports.addValue')}
          </Button>
        </div>
        <FieldRow id="values-otherwise" label={t('imports.otherwise')}>
          <Select
            id="values-otherwise"
            allowClear
            placeholder={t('imports.stays')}
            value={otherwise ?? undefined}
            options={options}
            onChange={(value: string | undefined) => setOtherwise(value ?? null)}
          />
        </FieldRow>
      </div>
    </Modal>
  )
}

type Row = [text: string, value: string]

/** Those that are set, and words of the first rows that mean nothing yet. */
function rowsOf(column: FileColumn, field: FieldDescribe, draft: ColumnDraft): Row[] {
  const known = new Set(field.type === 'checkbox' ? ['true', 'false', '1', '0'] : field.values.map((each) => each.value.toLowerCase()))
  const isNew = (text: string) => text !== '' && !known.has(text.toLowerCase()) && !(text in draft.values)
  const words = [...new Set(column.samples.map((each) => each.trim()))].filter(isNew)
  return [...words.map((text): Row => [text, '']), ...Object.entries(draft.values)]
}
