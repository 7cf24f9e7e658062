// A formula tried out: checked while one writes, and worked out for a real record.
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Select from 'antd/es/select'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { checkFormula, tryFormula, type FormulaCheck } from '../../api/logic'
import { objects } from '../../api/setup'
import { PageHeader } from '../../frame/PageHeader'
import { useErrorText } from '../../frame/useErrorText'

const PAUSE = 400

export function FormulaPage() {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const all = useQuery({ queryKey: ['setup', 'objects'], queryFn: objects })
  const [object, setObject] = useState('Account')
  const [formula, setFormula] = useState('')
  const [recordId, setRecordId] = useState('')
  const [checked, setChecked] = useState<FormulaCheck | null>(null)
  const [result, setResult] = useState<string | null>(null)

  useEffect(() => {
    setResult(null)
    if (formula.trim() === '') return setChecked(null)
    let isCurrent = true
    const timer = setTimeout(() => {
      checkFormula(object, formula)
        .then((answer) => isCurrent && setChecked(answer))
        .catch((error: unknown) => isCurrent && setResult(errorText(error)))
    }, PAUSE)
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [object, formula])

  async function work() {
    try {
      const { value } = await tryFormula(object, formula, recordId.trim())
      setResult(value === null ? t('logic.blank') : typeof value === 'string' ? value : JSON.stringify(value))
    } catch (error) {
      setResult(errorText(error))
    }
  }

  const isRight = checked !== null && checked.problems.length === 0
  return (
    <div className="page">
      <PageHeader title={t('setup.formula')} />
      <div className="formula">
        <Select
          showSearch
          className="logic-kind"
          aria-label={t('logic.object')}
          value={object}
          optionFilterProp="label"
          options={(all.data?.objects ?? []).map((each) => ({ value: each.name, label: `${each.label} (${each.name})` }))}
          onChange={setObject}
        />
        <Input.TextArea
          className="mono logic-body grows"
          rows={5}
          value={formula}
          spellCheck={false}
          placeholder='IF(ISBLANK(Phone), "–", LEFT(Phone, 3))'
          aria-label={t('logic.formula')}
          status={checked !== null && !isRight ? 'error' : undefined}
          onChange={(event) => setFormula(event.target.value)}
        />
        <div role="status" aria-live="polite" className="logic-problems">
          {checked === null ? (
            <span className="small">{t('logic.formulaHint')}</span>
          ) : isRight ? (
            <span className="small">
              {t('logic.formulaIs', { kind: checked.kind ?? '' })}
              {checked.fields.length > 0 && ` · ${checked.fields.join(', ')}`}
            </span>
          ) : (
            <ul>
              {checked.problems.map((each, index) => (
                <li key={index} className="field-error">
                  {each.line !== null && `${t('inbound.place', { line: each.line, column: each.column ?? 1 })} `}
                  {each.message}
                </li>
              ))}
            </ul>
          )}
        </div>
        <div className="toolbar">
          <Input
            className="toolbar-search mono"
            value={recordId}
            placeholder={t('logic.recordId')}
            aria-label={t('logic.recordId')}
            onChange={(event) => setRecordId(event.target.value)}
          />
          <Button type="primary" disabled={!isRight || recordId.trim() === ''} onClick={() => void work()}>
            {t('logic.try')}
          </Button>
        </div>
        {result !== null && (
          <output className="card formula-result mono" aria-label={t('logic.result')}>
            {result}
          </output>
        )}
      </div>
    </div>
  )
}
