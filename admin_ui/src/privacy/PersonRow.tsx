// A record that is a person: its name, what it is, and what one can do with it.
import type { ReactNode } from 'react'
import type { FoundPerson } from '../api/privacy'
import { tidyName } from '../records/names'

interface PersonRowProps {
  id: string
  person: FoundPerson | undefined
  children: ReactNode
}

export function PersonRow({ id, person, children }: PersonRowProps) {
  return (
    <li className="person">
      <div className="factor-name">
        <strong>{tidyName(person?.name ?? id)}</strong>
        <div className="muted small">
          {person?.label} <code>{id}</code>
        </div>
      </div>
      {children}
    </li>
  )
}
