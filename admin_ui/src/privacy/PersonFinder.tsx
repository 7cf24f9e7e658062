// Find the records of a person by what the person says in full. What was typed stays out of the address.
import { useMutation } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { findPeople } from '../api/privacy'
import { ErrorState, Lines } from '../frame/states'
import { PersonRow } from './PersonRow'

interface PersonFinderProps {
  chosen: string[]
  onChoose: (id: string) => void
}

export function PersonFinder({ chosen, onChoose }: PersonFinderProps) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const found = useMutation({ mutationFn: findPeople })
  const people = (found.data?.people ?? []).filter((each) => !chosen.includes(each.id))
  const isNobody = found.data?.people.length === 0
  return (
    <search className="stack">
      <label htmlFor="known-as">{t('privacy.knownAs')}</label>
      <Input.Search
        id="known-as"
        className="person-search"
        autoFocus
        enterButton={t('privacy.find')}
        maxLength={200}
        autoComplete="off"
        value={typed}
        loading={found.isPending}
        placeholder={t('privacy.knownAsExample')}
        onChange={(event) => setTyped(event.target.value)}
        onSearch={(text) => text.trim() !== '' && found.mutate(text.trim())}
      />
      <p className="muted small">{t('privacy.knownAsHint')}</p>
      {found.error ? <ErrorState error={found.error} /> : found.isPending && <Lines count={2} />}
      <div role="status">{isNobody && t('privacy.nobody')}</div>
      {people.length > 0 && (
        <ul className="card factor-list" aria-label={t('privacy.found')}>
          {people.map((person) => (
            <PersonRow key={person.id} id={person.id} person={person}>
              <Button size="small" type="primary" onClick={() => onChoose(person.id)}>
                {t('privacy.choose')}
              </Button>
            </PersonRow>
          ))}
        </ul>
      )}
    </search>
  )
}
