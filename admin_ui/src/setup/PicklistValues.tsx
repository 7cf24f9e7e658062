// The values of a picklist, one a row; with a controlling field, for which of its values each is offered.
import { CloseOutlined, PlusOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import type { FieldDescribe } from '../api/types'
import type { ValueRow } from './fieldTypes'

interface PicklistValuesProps {
  rows: ValueRow[]
  controlling: FieldDescribe | null
  errors?: string[]
  onChange: (rows: ValueRow[]) => void
}

const EMPTY: ValueRow = { value: '', label: '', active: true, controlled_by: [] }

export function PicklistValues({ rows, controlling, errors, onChange }: PicklistValuesProps) {
  const { t } = useTranslation()
  const shown = rows.length === 0 ? [EMPTY] : rows

  function replace(index: number, change: Partial<ValueRow>) {
    onChange(shown.map((row, position) => (position === index ? { ...row, ...change } : row)))
  }

  /** A column copied from a spreadsheet becomes a row each. */
  function paste(index: number, text: string): boolean {
    const lines = text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '')
    if (lines.length < 2) return false
    const made = lines.map((line) => {
      const [label = '', value = ''] = line.split('\t')
      return { ...EMPTY, label, value: value || label }
    })
    onChange([...shown.slice(0, index), ...made, ...shown.slice(index + 1)])
    return true
  }

  return (
    <fieldset className="value-rows">
      <legend>{t('field.values')}</legend>
      {shown.map((row, index) => (
        <div key={index} className="value-row">
          <Input
            value={row.label}
            placeholder={t('field.valueLabel')}
            aria-label={t('field.valueLabelOf', { number: index + 1 })}
            onChange={(event) => replace(index, { label: event.target.value })}
            onPaste={(event) => {
              if (paste(index, event.clipboardData.getData('text'))) event.preventDefault()
            }}
          />
          <Input
            className="mono"
            value={row.value}
            placeholder={row.label || t('field.valueName')}
            aria-label={t('field.valueNameOf', { number: index + 1 })}
            onChange={(event) => replace(index, { value: event.target.value })}
          />
          {controlling && (
            <Select
              mode="multiple"
              value={row.controlled_by}
              aria-label={t('field.controlledByOf', { number: index + 1 })}
              placeholder={t('field.always')}
              options={controllingValues(controlling)}
              onChange={(chosen: string[]) => replace(index, { controlled_by: chosen })}
            />
          )}
          <Button
            type="text"
            icon={<CloseOutlined aria-hidden />}
            aria-label={t('field.valueRemove', { number: index + 1 })}
            onClick={() => onChange(shown.filter((_, position) => position !== index))}
          />
        </div>
      ))}
      {errors && (
        <div className="field-error" role="alert">
          {errors.join(' ')}
        </div>
      )}
      <Button icon={<PlusOutlined aria-hidden />} onClick={() => onChange([...shown, EMPTY])}>
        {t('field.valueAdd')}
      </Button>
    </fieldset>
  )

  function controllingValues(field: FieldDescribe) {
    if (field.type !== 'checkbox') return field.values.map((each) => ({ value: each.value, label: each.label }))
    return [
      { value: 'true', label: t('value.yes') },
      { value: 'false', label: t('value.no') },
    ]
  }
}
