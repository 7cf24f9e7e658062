// Builds a list's conditions, one a row, and how they are joined.
import { CloseOutlined, PlusOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Drawer from 'antd/es/drawer'
import Input from 'antd/es/input'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ListRequest, ObjectDescribe } from '../../api/types'
import {
  comparisonsOf,
  filterableFields,
  isComplete,
  isLogicValid,
  takesMany,
  takesNone,
  toCondition,
  toFilter,
  type Condition,
} from '../filters'
import type { ListState } from '../urlState'
import { FilterValue } from './FilterValue'

interface FilterBuilderProps {
  describe: ObjectDescribe
  request: ListRequest
  onApply: (next: Partial<ListState>) => void
  onClose: () => void
}

export function FilterBuilder({ describe, request, onApply, onClose }: FilterBuilderProps) {
  const { t } = useTranslation()
  const fields = filterableFields(describe.fields)
  const [conditions, setConditions] = useState<Condition[]>(() => {
    const present = request.filters.map((filter) => toCondition(filter, describe.fields[filter.field]?.type ?? 'text'))
    return present.length > 0 ? present : [emptyCondition()]
  })
  const [logic, setLogic] = useState(request.logic ?? '')
  const complete = conditions.filter(isComplete)
  const isLogicWrong = !isLogicValid(logic, complete.length)

  function emptyCondition(): Condition {
    return { field: '', comparison: 'equals', value: null }
  }

  function replace(index: number, condition: Condition) {
    setConditions((current) => current.map((each, position) => (position === index ? condition : each)))
  }

  function chooseField(index: number, name: string) {
    const field = describe.fields[name]
    const [first = 'equals'] = field ? comparisonsOf(field) : []
    replace(index, { field: name, comparison: first, value: field?.type === 'checkbox' ? true : null })
  }

  function apply() {
    onApply({ filters: complete.map(toFilter), logic: logic.trim() })
    onClose()
  }

  return (
    <Drawer
      open
      onClose={onClose}
      size={520}
      title={t('list.filters')}
      footer={
        <div className="row">
          <Button type="primary" onClick={apply} disabled={isLogicWrong}>
            {t('filter.apply')}
          </Button>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
        </div>
      }
    >
      <ol className="conditions">
        {conditions.map((condition, index) => {
          const field = describe.fields[condition.field]
          return (
            <li key={index} className="condition" aria-label={t('filter.condition', { number: index + 1 })}>
              <span className="condition-number">{index + 1}</span>
              <div className="condition-parts">
                <Select
                  className="fill"
                  value={condition.field === '' ? undefined : condition.field}
                  placeholder={t('filter.field')}
                  aria-label={t('filter.field')}
                  showSearch={{ optionFilterProp: 'label' }}
                  options={options(condition.field)}
                  onChange={(name: string) => chooseField(index, name)}
                />
                {field && (
                  <Select
                    className="fill"
                    value={condition.comparison}
                    aria-label={t('filter.comparison')}
                    virtual={false}
                    options={comparisonsOf(field).map((each) => ({
                      value: each,
                      label: t(`filter.comparisons.${each}`),
                    }))}
                    onChange={(comparison) =>
                      replace(index, {
                        ...condition,
                        comparison,
                        value: takesMany(comparison) === takesMany(condition.comparison) ? condition.value : null,
                      })
                    }
                  />
                )}
                {field && !takesNone(condition.comparison) && (
                  <FilterValue
                    describe={describe}
                    field={field}
                    condition={condition}
                    onChange={(value) => replace(index, { ...condition, value })}
                  />
                )}
              </div>
              <Button
                type="text"
                icon={<CloseOutlined aria-hidden />}
                aria-label={t('filter.remove')}
                onClick={() => setConditions((current) => current.filter((_, position) => position !== index))}
              />
            </li>
          )
        })}
      </ol>
      <Button
        icon={<PlusOutlined aria-hidden />}
        onClick={() => setConditions((current) => [...current, emptyCondition()])}
      >
        {t('filter.add')}
      </Button>
      {complete.length > 1 && (
        <div className={`field logic${isLogicWrong ? ' field-wrong' : ''}`}>
          <label htmlFor="filter-logic">{t('filter.logic')}</label>
          <Input
            id="filter-logic"
            value={logic}
            status={isLogicWrong ? 'error' : undefined}
            placeholder={t('filter.logicAll')}
            onChange={(event) => setLogic(event.target.value)}
          />
          {isLogicWrong && (
            <div className="field-error" role="alert">
              {t('filter.logicWrong')}
            </div>
          )}
        </div>
      )}
    </Drawer>
  )

  function options(current: string) {
    const offered = fields.map((field) => ({ value: field.name, label: field.label }))
    // A view may filter through another object; that condition stays as it is.
    return current === '' || current in describe.fields ? offered : [{ value: current, label: current }, ...offered]
  }
}
